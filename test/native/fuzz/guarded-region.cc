#include "guarded-region.hh"

#include <sys/mman.h>

#include <cstring>

#include "index/index-layout.hh"

#if defined(__SANITIZE_ADDRESS__)
#define ISODRIVE_GUARDS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ISODRIVE_GUARDS 1
#endif
#endif
#ifdef ISODRIVE_GUARDS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(data, size) ((void)(data), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(data, size) ((void)(data), (void)(size))
#endif

namespace isodrive::fuzz {
namespace {

/** Memory before and behind the region. */
constexpr size_t kGuard = size_t{1} << 30;
/** Bytes of each section that an input may fill. */
constexpr size_t kMaxSection = 65536;
constexpr size_t kRowBytes = layout::ROW_WORDS * 4;
constexpr size_t kExtentBytes = layout::EXTENT_WORDS * 4;
constexpr size_t kSegmentBytes = layout::SEGMENT_WORDS * 4;

}  // namespace

GuardedRegion::GuardedRegion() {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* map = mmap(nullptr, layout::REGION_BYTES + 2 * kGuard, PROT_NONE, kFlags, -1, 0);
  check(map != MAP_FAILED, "no memory for a region");
  data_ = static_cast<uint8_t*>(map) + kGuard;
  for (const uint64_t offset : {uint64_t{0}, layout::ROWS_OFFSET, layout::EXTENTS_OFFSET, layout::BLOB_OFFSET,
                                layout::PLAN_FILES_OFFSET, layout::PLAN_SEGMENTS_OFFSET}) {
    const bool is_small = offset == 0 || offset == layout::PLAN_FILES_OFFSET;
    const size_t size = is_small ? layout::HEADER_BYTES : kMaxSection;
    check(mprotect(data_ + offset, size, PROT_READ | PROT_WRITE) == 0, "no memory for a section");
  }
}

void GuardedRegion::place(uint64_t offset, Bytes bytes) {
  uint8_t* section = data_ + offset;
  ASAN_UNPOISON_MEMORY_REGION(section, kMaxSection);
  if (bytes.size > 0) std::memcpy(section, bytes.data, bytes.size);
  ASAN_POISON_MEMORY_REGION(section + bytes.size, kMaxSection - bytes.size);
}

void GuardedRegion::fill(FuzzInput& input) {
  const uint32_t said[] = {input.number<uint32_t>(), input.number<uint32_t>(), input.number<uint32_t>()};
  const uint16_t given[] = {input.number<uint16_t>(), input.number<uint16_t>(), input.number<uint16_t>()};
  const size_t rows = std::min<size_t>(given[0], kMaxSection / kRowBytes);
  const size_t names = given[1];
  const size_t extents = std::min<size_t>(given[2], kMaxSection / kExtentBytes);
  const Bytes row_bytes = input.take(rows * kRowBytes);
  const Bytes name_bytes = input.take(names);
  const Bytes extent_bytes = input.take(extents * kExtentBytes);
  place(layout::ROWS_OFFSET, {row_bytes.data, row_bytes.size / kRowBytes * kRowBytes});
  place(layout::BLOB_OFFSET, name_bytes);
  place(layout::EXTENTS_OFFSET, {extent_bytes.data, extent_bytes.size / kExtentBytes * kExtentBytes});
  rows_ = static_cast<uint32_t>(row_bytes.size / kRowBytes);
  const auto extents_there = static_cast<uint32_t>(extent_bytes.size / kExtentBytes);
  // What is said within the bounds of the layout is true of a region, whose memory is all there: it is zeros then.
  // Here it is not, so that only what no region can hold is left as it was said.
  const auto set = [&](uint64_t word, uint32_t wanted, uint64_t most, uint32_t there) {
    reinterpret_cast<uint32_t*>(data_)[word] = wanted > most ? wanted : there;
  };
  set(layout::HEADER_ROW_COUNT, said[0], layout::MAX_ROWS, rows_);
  set(layout::HEADER_BLOB_BYTES, said[1], layout::MAX_BLOB_BYTES, static_cast<uint32_t>(name_bytes.size));
  set(layout::HEADER_EXTENT_COUNT, said[2], layout::MAX_EXTENTS, extents_there);
}

void GuardedRegion::plan_whole(uint64_t bytes) {
  const uint32_t segment[layout::SEGMENT_WORDS] = {
      0, static_cast<uint32_t>(layout::SEGMENT_KIND_BYTES), 0, 0, static_cast<uint32_t>(bytes), 0, 0, 0, 0, 2048, 2048,
      0};
  place(layout::PLAN_SEGMENTS_OFFSET, {reinterpret_cast<const uint8_t*>(segment), sizeof(segment)});
  set_plan(bytes, 1, 1);
}

void GuardedRegion::plan_any(FuzzInput& input, uint64_t bytes) {
  const auto said = input.number<uint32_t>();
  const auto files = input.number<uint32_t>();
  const size_t wanted = std::min<size_t>(input.number<uint16_t>(), kMaxSection / kSegmentBytes);
  const Bytes segments = input.take(wanted * kSegmentBytes);
  place(layout::PLAN_SEGMENTS_OFFSET, {segments.data, segments.size / kSegmentBytes * kSegmentBytes});
  const auto there = static_cast<uint32_t>(segments.size / kSegmentBytes);
  set_plan(bytes, files, said > layout::MAX_SEGMENTS ? said : there);
}

void GuardedRegion::set_plan(uint64_t bytes, uint32_t files, uint32_t segments) {
  auto* size = reinterpret_cast<uint32_t*>(data_ + layout::PLAN_FILES_OFFSET);
  size[0] = static_cast<uint32_t>(bytes);
  size[1] = 0;
  reinterpret_cast<uint32_t*>(data_)[layout::HEADER_PLAN_FILES] = files;
  reinterpret_cast<uint32_t*>(data_)[layout::HEADER_PLAN_SEGMENTS] = segments;
  reinterpret_cast<uint32_t*>(data_)[layout::HEADER_PLAN_UNITS] = 0;
}

void GuardedRegion::plan_units(FuzzInput& input) {
  reinterpret_cast<uint32_t*>(data_)[layout::HEADER_PLAN_UNITS] = input.number<uint32_t>();
  const Bytes words = input.take(layout::UNIT_BASE_WORDS * 4);
  if (words.size > 0) std::memcpy(data_ + layout::PLAN_UNITS_OFFSET, words.data, words.size);
}

void GuardedRegion::copy_to(uint8_t* region) const {
  const auto* header = reinterpret_cast<const uint32_t*>(data_);
  std::memcpy(region, data_, layout::HEADER_BYTES);
  const auto copy = [&](uint64_t offset, size_t size) { std::memcpy(region + offset, data_ + offset, size); };
  copy(layout::ROWS_OFFSET, header[layout::HEADER_ROW_COUNT] * kRowBytes);
  copy(layout::BLOB_OFFSET, header[layout::HEADER_BLOB_BYTES]);
  copy(layout::EXTENTS_OFFSET, header[layout::HEADER_EXTENT_COUNT] * kExtentBytes);
  copy(layout::PLAN_FILES_OFFSET, layout::HEADER_BYTES);
  copy(layout::PLAN_SEGMENTS_OFFSET, header[layout::HEADER_PLAN_SEGMENTS] * kSegmentBytes);
}

}  // namespace isodrive::fuzz
