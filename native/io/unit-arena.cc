#include "unit-arena.hh"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "system/unique-fd.hh"

namespace isodrive {
namespace {

/** Address space of the slots of one size: pages take memory only once they are written to. */
constexpr size_t kSlotsBytes = size_t{1} << 30;
/** Of free slots that keep their pages: what a few readers use over and over. */
constexpr size_t kMaxWarmBytes = size_t{2} << 20;

uint8_t* reserve() {
  const UniqueFd fd(memfd_create("isodrive-units", MFD_CLOEXEC));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(kSlotsBytes)) != 0) return nullptr;
  void* memory = mmap(nullptr, kSlotsBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd.get(), 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory);
}

uint8_t* take_last(std::vector<uint8_t*>& slots) {
  uint8_t* last = slots.back();
  slots.pop_back();
  return last;
}

}  // namespace

UnitArena::~UnitArena() {
  for (const Slots& slots : slots_) {
    if (slots.memory != nullptr) munmap(slots.memory, kSlotsBytes);
  }
}

size_t UnitArena::slot_bytes(size_t bytes) { return std::bit_ceil(std::max(bytes, size_t{1} << kSmallestShift)); }

uint8_t* UnitArena::allocate(size_t bytes) {
  if (bytes == 0 || bytes > kMaxUnitBytes) return nullptr;
  const size_t slot = slot_bytes(bytes);
  const std::lock_guard lock(mutex_);
  Slots& slots = slots_[std::countr_zero(slot) - kSmallestShift];
  if (!slots.warm.empty()) {
    warm_bytes_ -= slot;
    return take_last(slots.warm);
  }
  if (!slots.cold.empty()) return take_last(slots.cold);
  if (slots.memory == nullptr) slots.memory = reserve();
  if (slots.memory == nullptr || kSlotsBytes - slots.used < slot) return nullptr;
  slots.used += slot;
  return slots.memory + slots.used - slot;
}

void UnitArena::release(uint8_t* memory, size_t bytes) {
  const size_t slot = slot_bytes(bytes);
  const std::lock_guard lock(mutex_);
  Slots& slots = slots_[std::countr_zero(slot) - kSmallestShift];
  if (warm_bytes_ + slot <= kMaxWarmBytes) {
    warm_bytes_ += slot;
    slots.warm.push_back(memory);
    return;
  }
  madvise(memory, slot, MADV_REMOVE);
  slots.cold.push_back(memory);
}

}  // namespace isodrive
