#include "index-view.hh"

namespace isodrive {

std::string_view IndexView::blob(uint64_t offset, uint64_t length) const {
  // Never a null address: it is one to copy from.
  const uint64_t bytes = blob_bytes();
  if (offset > bytes || length > bytes - offset) return "";
  return {reinterpret_cast<const char*>(region_) + layout::BLOB_OFFSET + offset, length};
}

std::string_view IndexView::name(Row row) const {
  return blob(row.word(layout::ROW_NAME_OFFSET), row.word(layout::ROW_NAME_LENGTH));
}

std::string_view IndexView::target(Row row) const {
  return blob(row.word(layout::ROW_FIRST), row.word(layout::ROW_COUNT));
}

IndexView::Children IndexView::children(Row directory) const {
  const uint32_t first = directory.word(layout::ROW_FIRST);
  const uint32_t count = directory.word(layout::ROW_COUNT);
  if (static_cast<uint64_t>(first) + count > row_count()) return {0, 0};
  return {first, count};
}

int64_t IndexView::lookup(Row directory, std::string_view wanted) const {
  const Children run = children(directory);
  uint32_t low = 0;
  uint32_t high = run.count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    // char_traits<char>::compare orders as unsigned bytes, which is the order of the writer.
    const int order = name(row(run.first + middle)).compare(wanted);
    if (order == 0) return run.first + middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return -1;
}

namespace {

Extent extent_of(uint32_t low, uint32_t high, uint64_t length) {
  const uint64_t offset = low | static_cast<uint64_t>(high & layout::EXTENT_OFFSET_MASK) << 32;
  return {high >> layout::EXTENT_STREAM_SHIFT & layout::EXTENT_STREAM_MASK, offset, length,
          high == layout::EXTENT_HOLE};
}

uint64_t end_of(const uint32_t* extent) {
  return extent[layout::EXTENT_END_LOW] | static_cast<uint64_t>(extent[layout::EXTENT_END_HIGH]) << 32;
}

}  // namespace

bool IndexView::find_extent(Row file, uint64_t offset, Extent& extent, uint64_t& start) const {
  if ((file.word(layout::ROW_FLAGS) & layout::FLAG_MANY_EXTENTS) == 0) {
    extent = extent_of(file.word(layout::ROW_DATA_LOW), file.word(layout::ROW_DATA_HIGH), file.size());
    start = 0;
    return offset < extent.length;
  }
  const uint64_t first = file.word(layout::ROW_DATA_LOW);
  const uint64_t count = file.word(layout::ROW_DATA_HIGH);
  if (first + count > this->count(layout::HEADER_EXTENT_COUNT, layout::MAX_EXTENTS)) return false;
  const auto* words =
      reinterpret_cast<const uint32_t*>(region_ + layout::EXTENTS_OFFSET) + first * layout::EXTENT_WORDS;
  uint64_t low = 0;
  uint64_t high = count;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (end_of(words + middle * layout::EXTENT_WORDS) <= offset) low = middle + 1;
    else high = middle;
  }
  if (low == count) return false;
  const uint32_t* at = words + low * layout::EXTENT_WORDS;
  start = low == 0 ? 0 : end_of(at - layout::EXTENT_WORDS);
  const uint64_t end = end_of(at);
  if (start > offset || end <= offset) return false;
  extent = extent_of(at[layout::EXTENT_OFFSET_LOW], at[layout::EXTENT_OFFSET_HIGH], end - start);
  return true;
}

std::string_view IndexView::attributes(Row row) const {
  const uint64_t offset = row.word(layout::ROW_ATTRIBUTES);
  const uint64_t bytes = blob_bytes();
  return offset == 0 || offset > bytes ? "" : blob(offset, bytes - offset);
}

}  // namespace isodrive
