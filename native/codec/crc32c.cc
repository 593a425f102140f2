#include "crc32c.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#endif

namespace isodrive {
namespace {

/** Takes the register and gives it after the bytes, without the inversions at the beginning and the end. */
using Update = uint32_t (*)(uint32_t crc, const uint8_t* bytes, size_t length);

/** Least significant bit first. */
constexpr uint32_t kPolynomial = 0x82f63b78;

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) * kPolynomial);
    table[byte] = value;
  }
  return table;
}

[[maybe_unused]] uint32_t update_by_table(uint32_t crc, const uint8_t* bytes, size_t length) {
  static constexpr std::array<uint32_t, 256> table = make_table();
  for (size_t i = 0; i < length; ++i) crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xff];
  return crc;
}

/** Eight bytes in the order of memory, wherever they stand. */
[[maybe_unused]] uint64_t load_word(const uint8_t* bytes) {
  uint64_t word = 0;
  memcpy(&word, bytes, sizeof word);
  return word;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) uint32_t update_by_processor(uint32_t crc, const uint8_t* bytes, size_t length) {
  uint64_t wide = crc;
  for (; length >= 8; bytes += 8, length -= 8) wide = _mm_crc32_u64(wide, load_word(bytes));
  auto narrow = static_cast<uint32_t>(wide);
  for (; length > 0; ++bytes, --length) narrow = _mm_crc32_u8(narrow, *bytes);
  return narrow;
}

Update choose() { return __builtin_cpu_supports("sse4.2") ? update_by_processor : update_by_table; }

#elif defined(__aarch64__)

#if defined(__clang__)
__attribute__((target("crc")))
#else
__attribute__((target("+crc")))
#endif
uint32_t
update_by_processor(uint32_t crc, const uint8_t* bytes, size_t length) {
  for (; length >= 8; bytes += 8, length -= 8) crc = __crc32cd(crc, load_word(bytes));
  for (; length > 0; ++bytes, --length) crc = __crc32cb(crc, *bytes);
  return crc;
}

Update choose() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0 ? update_by_processor : update_by_table;
#else
  // Optional in ARMv8.0 alone; every other system for these processors needs ARMv8.1.
  return update_by_processor;
#endif
}

#else

Update choose() { return update_by_table; }

#endif

/** crc32c(crc, bytes): the code of all bytes so far; `crc` is that of those before, 0 of none. Never throws. */
Napi::Value crc32c(const Napi::CallbackInfo& info) {
  static const Update update = choose();
  const uint32_t before = info[0].As<Napi::Number>().Uint32Value();
  const Napi::Uint8Array bytes = info[1].As<Napi::Uint8Array>();
  return Napi::Number::New(info.Env(), ~update(~before, bytes.Data(), bytes.ByteLength()));
}

}  // namespace

void export_crc32c(Napi::Env env, Napi::Object exports) { exports.Set("crc32c", Napi::Function::New(env, crc32c)); }

}  // namespace isodrive
