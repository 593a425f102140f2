#include "unit-reader.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace isodrive {

int UnitReader::read(void* target, size_t length, const UnitFile& file, uint64_t offset, uint64_t until) const {
  std::vector<UnitPtr> units;
  std::vector<iovec> pieces;
  const int error = pin(length, file, offset, until, units, pieces);
  if (error != 0) return error;
  auto* bytes = static_cast<uint8_t*>(target);
  for (const iovec& piece : pieces) {
    std::memcpy(bytes, piece.iov_base, piece.iov_len);
    bytes += piece.iov_len;
  }
  return 0;
}

int UnitReader::pin(size_t length, const UnitFile& file, uint64_t offset, uint64_t until, std::vector<UnitPtr>& units,
                    std::vector<iovec>& pieces) const {
  if (length == 0) return 0;
  if (offset > file.size || length > file.size - offset) return EIO;
  const uint64_t end = offset + length;
  const uint64_t last = file.unit_of(end - 1);
  observer_.uses({file, offset, end});
  for (uint64_t unit = file.unit_of(offset); unit <= last; ++unit) {
    const FilledUnit found = find(file, unit);
    if (found.error != 0) return found.error;
    if (found.unit == nullptr) {
      const uint64_t wanted = std::min(std::max(end, until), file.size);
      observer_.lacks({file, unit * file.unit_bytes, file.end_of(file.unit_of(wanted - 1))});
      return kLacking;
    }
    const uint64_t start = unit * file.unit_bytes;
    const size_t from = std::max(start, offset) - start;
    const size_t to = std::min(start + file.unit_bytes, end) - start;
    if (to > found.unit->size()) return EIO;
    pieces.push_back({const_cast<uint8_t*>(found.unit->bytes() + from), to - from});
    units.push_back(found.unit);
  }
  return 0;
}

bool UnitReader::contains(const UnitFile& file, uint64_t offset) const {
  return cache_.contains({space_, file.number, file.unit_of(offset)});
}

std::shared_ptr<const FilledUnits> UnitReader::keep(const UnitSpan& span, int error, const uint8_t* bytes,
                                                    size_t length, const std::vector<int>& errors) const {
  const UnitFile& file = span.file;
  const auto filled = std::make_shared<FilledUnits>(FilledUnits{file.number, file.unit_of(span.start), {}});
  for (uint64_t start = span.start; start < span.end; start += file.unit_bytes) {
    const uint64_t unit = file.unit_of(start);
    const uint64_t from = start - span.start;
    const size_t size = file.end_of(unit) - start;
    const size_t number = unit - filled->first;
    FilledUnit one{nullptr, error != 0 ? error : number < errors.size() ? errors[number] : 0};
    if (one.error == 0 && (from > length || size > length - from)) one.error = EIO;
    if (one.error == 0) one.unit = cache_.add({space_, file.number, unit}, bytes + from, size);
    if (one.error == 0 && one.unit == nullptr) one.error = ENOMEM;
    filled->units.push_back(std::move(one));
  }
  return filled;
}

FilledUnit UnitReader::find(const UnitFile& file, uint64_t unit) const {
  for (const std::shared_ptr<const FilledUnits>& filled : observer_.held()) {
    if (filled->file != file.number || unit < filled->first || unit - filled->first >= filled->units.size()) continue;
    return filled->units[unit - filled->first];
  }
  return {cache_.find({space_, file.number, unit}), 0};
}

}  // namespace isodrive
