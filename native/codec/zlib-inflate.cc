#include "zlib-inflate.hh"

#include <dlfcn.h>

#include <initializer_list>
#include <string>

namespace isodrive {
namespace {

constexpr int kOk = 0;
constexpr int kStreamEnd = 1;
constexpr int kFinish = 4;
/** Of the largest window; below zero, data are bare. */
constexpr int kWindowBits = 15;
/** Of every zlib with this interface, only the first character is compared. */
constexpr const char* kVersion = "1";

struct Library {
  int (*begin)(void* stream, int window_bits, const char* version, int size) = nullptr;
  int (*decode)(void* stream, int flush) = nullptr;
  int (*reset)(void* stream) = nullptr;
  int (*end)(void* stream) = nullptr;

  bool is_whole() const { return begin != nullptr && decode != nullptr && reset != nullptr && end != nullptr; }
};

template <typename Call>
void find(Call& call, const std::string& name) {
  call = reinterpret_cast<Call>(dlsym(RTLD_DEFAULT, name.c_str()));
}

Library load() {
  // Chromium's, which Node is built with, has faster loops and names of its own.
  for (const char* prefix : {"Cr_z_", ""}) {
    Library library;
    const std::string name(prefix);
    find(library.begin, name + "inflateInit2_");
    find(library.decode, name + "inflate");
    find(library.reset, name + "inflateReset");
    find(library.end, name + "inflateEnd");
    if (library.is_whole()) return library;
  }
  return {};
}

const Library& library() {
  static const Library found = load();
  return found;
}

}  // namespace

ZlibInflate::ZlibInflate(bool is_bare) {
  const int bits = is_bare ? -kWindowBits : kWindowBits;
  is_there_ = library().is_whole() && library().begin(&stream_, bits, kVersion, sizeof(stream_)) == kOk;
}

ZlibInflate::~ZlibInflate() {
  if (is_there_) library().end(&stream_);
}

bool ZlibInflate::decode(const uint8_t* stored, size_t stored_size, uint8_t* target, size_t target_size) {
  if (!is_there_ || library().reset(&stream_) != kOk) return false;
  stream_.next_in = stored;
  stream_.available_in = static_cast<unsigned int>(stored_size);
  stream_.next_out = target;
  stream_.available_out = static_cast<unsigned int>(target_size);
  return library().decode(&stream_, kFinish) == kStreamEnd && stream_.available_out == 0;
}

}  // namespace isodrive
