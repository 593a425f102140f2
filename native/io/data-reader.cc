#include "data-reader.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace isodrive {
namespace {

/** Vectors of one system call (UIO_MAXIOV), the header of a reply among them. */
constexpr size_t kMaxVectors = 1024;

}  // namespace

DataReader::DataReader(const uint8_t* region, std::vector<UniqueFd> files, WaitObserver& observer,
                       const UnitReader& units)
    : plan_(region), units_(units) {
  for (UniqueFd& file : files) {
    files_.push_back(std::make_unique<FileReader>(std::move(file), plan_.file_bytes(files_.size()), observer));
  }
}

int DataReader::read(void* target, size_t length, uint64_t stream, uint64_t position) const {
  auto* bytes = static_cast<uint8_t*>(target);
  while (length > 0) {
    const std::optional<Segment> segment = plan_.find(stream, position);
    if (!segment) return EIO;
    const uint64_t within = position - segment->start;
    const size_t part = std::min<uint64_t>(length, segment->length - within);
    const int error = read_segment(bytes, part, *segment, within);
    if (error != 0) return error;
    bytes += part;
    position += part;
    length -= part;
  }
  return 0;
}

int DataReader::map(size_t length, uint64_t stream, uint64_t position, std::optional<MappedBytes>& mapped) const {
  const std::optional<Segment> segment = plan_.find(stream, position);
  if (!segment || segment->kind != layout::SEGMENT_KIND_BYTES || segment->swap16) return kUnmapped;
  const uint64_t within = position - segment->start;
  if (segment->base >= files_.size() || length > segment->length - within) return kUnmapped;
  const size_t units = segment->is_run() ? 1 : length / segment->unit + 2;
  if (units >= kMaxVectors) return kUnmapped;
  const FileReader* file = files_[segment->base].get();
  const uint64_t first = segment->place(within);
  const size_t span = segment->place(within + length - 1) + 1 - first;
  if (!file->may_map(first, span)) return kPostponed;
  const auto* bytes = static_cast<const uint8_t*>(file->mapped(first, span));
  if (bytes == nullptr) return kUnmapped;
  thread_local std::vector<iovec> vectors;
  vectors.assign(1, iovec{});
  for (size_t done = 0; done < length;) {
    const size_t rest = segment->is_run() ? length : segment->unit - (within + done) % segment->unit;
    const size_t part = std::min(length - done, rest);
    vectors.push_back({const_cast<uint8_t*>(bytes + (segment->place(within + done) - first)), part});
    done += part;
  }
  mapped.emplace(MappedBytes{file, first, span, vectors});
  return 0;
}

int DataReader::read_segment(uint8_t* target, size_t length, const Segment& segment, uint64_t within) const {
  if (segment.kind == layout::SEGMENT_KIND_ZEROS) {
    std::memset(target, 0, length);
    return 0;
  }
  if (segment.kind != layout::SEGMENT_KIND_BYTES) return EIO;
  if (segment.swap16) return read_swapped(target, length, segment, within);
  if (segment.base >= files_.size()) return read_from_units(target, length, segment, within);
  if (segment.is_run()) return files_[segment.base]->read(target, length, segment.place(within));
  return read_stride(target, length, segment, within);
}

int DataReader::read_from_units(uint8_t* target, size_t length, const Segment& segment, uint64_t within) const {
  const std::optional<UnitFile> file = plan_.units(segment.base);
  if (!file) return EIO;
  const uint64_t until = segment.place(within + length - 1) + 1;
  for (size_t done = 0; done < length;) {
    const size_t rest = segment.is_run() ? length : segment.unit - (within + done) % segment.unit;
    const size_t part = std::min(length - done, rest);
    const int error = units_.read(target + done, part, *file, segment.place(within + done), until);
    if (error != 0) return error;
    done += part;
  }
  return 0;
}

/**
 * What lies between the units of a stride is read too, into memory that nobody looks at: cheaper than a call a
 * unit.
 */
int DataReader::read_stride(uint8_t* target, size_t length, const Segment& segment, uint64_t within) const {
  thread_local std::vector<uint8_t> between;
  thread_local std::vector<iovec> pieces;
  const size_t gap = segment.stride - segment.unit;
  if (between.size() < gap) between.resize(gap);
  for (size_t done = 0; done < length;) {
    pieces.clear();
    const uint64_t first = segment.place(within + done);
    size_t span = 0;
    while (done < length && pieces.size() + 2 <= kMaxVectors) {
      if (!pieces.empty()) {
        pieces.push_back({between.data(), gap});
        span += gap;
      }
      const size_t part = std::min<size_t>(length - done, segment.unit - (within + done) % segment.unit);
      pieces.push_back({target + done, part});
      span += part;
      done += part;
    }
    const int error = files_[segment.base]->read_pieces(pieces.data(), static_cast<int>(pieces.size()), span, first);
    if (error != 0) return error;
  }
  return 0;
}

/** Whole pairs are read, and what was wanted of them is kept. */
int DataReader::read_swapped(uint8_t* target, size_t length, Segment segment, uint64_t within) const {
  segment.swap16 = false;
  const uint64_t first = within & ~uint64_t{1};
  const uint64_t end = (within + length + 1) & ~uint64_t{1};
  if (end > segment.length) return EIO;
  std::vector<uint8_t> pairs(end - first);
  const int error = read_segment(pairs.data(), pairs.size(), segment, first);
  if (error != 0) return error;
  for (size_t i = 0; i < pairs.size(); i += 2) std::swap(pairs[i], pairs[i + 1]);
  std::memcpy(target, pairs.data() + (within - first), length);
  return 0;
}

}  // namespace isodrive
