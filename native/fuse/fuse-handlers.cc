#include "fuse-handlers.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include "fuse-reply.hh"

namespace isodrive {
namespace {

/** A disc never changes, so the kernel may keep entries and attributes: ten years, in seconds. */
constexpr uint64_t kForever = 315360000;
constexpr uint32_t kBlockBytes = 2048;
/** The kernel takes no errno from here on (fuse_dev_do_write of fs/fuse/dev.c): the request would wait for ever. */
constexpr uint32_t kErrnoEnd = 512;
/** Of a name, as statfs tells it. */
constexpr size_t kMaxNameBytes = 255;
/** st_blksize: what programs read at a time by default. */
constexpr uint32_t kPreferredIo = 4096;
/** Below this a copy through the scratch buffer is cheaper than page-table work for the mapping. */
constexpr size_t kMappedReadBytes = 32768;
/** Vectors of one system call (UIO_MAXIOV). */
constexpr size_t kMaxVectors = 1024;

uint32_t encode_device(uint32_t major, uint32_t minor) { return (minor & 0xffU) | major << 8 | (minor & ~0xffU) << 12; }

size_t align8(size_t length) { return (length + 7) & ~size_t{7}; }

}  // namespace

int64_t FuseHandlers::handle(int device, const Request& request, uint8_t* scratch, size_t scratch_size) const {
  const uint64_t unique = request.header.unique;
  switch (request.header.opcode) {
    case wire::kForget:
    case wire::kBatchForget:
    case wire::kInterrupt:
      return kDone;
    case wire::kStatfs:
      statfs(device, unique);
      return kDone;
    case wire::kOpen:
      if (volume_.checks_opens && index_.contains(request.header.node - 1)) return kContent;
      [[fallthrough]];
    case wire::kOpendir:
      // ENOSYS to the first one makes the kernel skip opens (FUSE_NO_OPEN_SUPPORT, FUSE_NO_OPENDIR_SUPPORT).
    case wire::kRelease:
    case wire::kReleasedir:
    case wire::kFlush:
    case wire::kStatx:
      send_error(device, unique, ENOSYS);
      return kDone;
    case wire::kDestroy:
      send_error(device, unique, 0);
      return kDone;
    default:
      break;
  }
  const uint64_t number = request.header.node - 1;
  if (!index_.contains(number)) {
    send_error(device, unique, ENOENT);
    return kDone;
  }
  const Row row = index_.row(number);
  switch (request.header.opcode) {
    case wire::kLookup:
      return lookup(device, request, number);
    case wire::kReaddir:
    case wire::kReaddirplus:
      return read_directory(device, request, number, scratch, scratch_size);
    case wire::kGetattr: {
      wire::AttrOut out{kForever, 0, 0, {}};
      fill_attr(out.attr, row);
      send_struct(device, unique, out);
      return kDone;
    }
    case wire::kReadlink: {
      const std::string_view target = row.symlink() ? index_.target(row) : std::string_view{};
      if (target.empty()) send_error(device, unique, EINVAL);
      else send_bytes(device, unique, target.data(), target.size());
      return kDone;
    }
    case wire::kRead:
      return read_file(device, request, number, scratch, scratch_size);
    case wire::kGetxattr:
      get_attribute(device, request, row);
      return kDone;
    case wire::kListxattr:
      list_attributes(device, request, row);
      return kDone;
    default:
      send_error(device, unique, ENOSYS);
      return kDone;
  }
}

int FuseHandlers::directory_ready(Row row) const {
  if (!row.directory()) return ENOTDIR;
  const uint32_t state = row.state();
  if (state == layout::STATE_LOADED) return 0;
  if (state == layout::STATE_UNLOADED) return -1;
  const uint32_t error = state == layout::STATE_FAILED ? row.word(layout::ROW_COUNT) : EIO;
  return error > 0 && error < kErrnoEnd ? static_cast<int>(error) : EIO;
}

uint64_t FuseHandlers::parent_of(uint64_t number) const {
  const uint32_t parent = index_.row(number).word(layout::ROW_PARENT);
  return index_.contains(parent) ? parent : number;
}

int64_t FuseHandlers::lookup(int device, const Request& request, uint64_t number) const {
  const uint64_t unique = request.header.unique;
  const Row row = index_.row(number);
  const std::string_view name = request.text(0);
  int64_t found = -1;
  if (name == ".") {
    found = static_cast<int64_t>(number);
  } else if (name == "..") {
    found = static_cast<int64_t>(parent_of(number));
  } else {
    const int error = directory_ready(row);
    if (error < 0) return static_cast<int64_t>(number);
    if (error > 0) {
      send_error(device, unique, error);
      return kDone;
    }
    if (name.size() > kMaxNameBytes) {
      send_error(device, unique, ENAMETOOLONG);
      return kDone;
    }
    found = index_.lookup(row, name);
  }
  // Node 0 with a lifetime makes the kernel remember that the name does not exist.
  if (found < 0) send_struct(device, unique, wire::EntryOut{0, 0, kForever, kForever, 0, 0, {}});
  else send_struct(device, unique, entry(static_cast<uint64_t>(found)));
  return kDone;
}

int64_t FuseHandlers::read_directory(int device, const Request& request, uint64_t number, uint8_t* scratch,
                                     size_t scratch_size) const {
  const uint64_t unique = request.header.unique;
  const Row directory = index_.row(number);
  wire::ReadIn in;
  const int error = request.read(in) ? directory_ready(directory) : EINVAL;
  if (error < 0) return static_cast<int64_t>(number);
  if (error > 0) {
    send_error(device, unique, error);
    return kDone;
  }
  const bool plus = request.header.opcode == wire::kReaddirplus;
  const size_t head = (plus ? sizeof(wire::EntryOut) : 0) + sizeof(wire::Dirent);
  const size_t limit = std::min<size_t>(in.size, scratch_size);
  const IndexView::Children run = index_.children(directory);
  size_t used = 0;
  // Offsets: 0 is ".", 1 is "..", child i is i + 2; a record carries the offset of the next one.
  for (uint64_t offset = in.offset; offset < run.count + 2ULL; ++offset) {
    const uint64_t target = offset == 0 ? number : offset == 1 ? parent_of(number) : run.first + offset - 2;
    const Row row = index_.row(target);
    const std::string_view name = offset == 0 ? "." : offset == 1 ? ".." : index_.name(row);
    const size_t length = align8(head + name.size());
    if (used + length > limit) break;
    uint8_t* out = scratch + used;
    if (plus) {
      // Dot entries carry no node: the kernel knows them.
      const wire::EntryOut full = offset < 2 ? wire::EntryOut{} : entry(target);
      std::memcpy(out, &full, sizeof(full));
      out += sizeof(full);
    }
    const wire::Dirent dirent{row.inode(), offset + 1, static_cast<uint32_t>(name.size()), row.type() >> 12};
    std::memcpy(out, &dirent, sizeof(dirent));
    std::memcpy(out + sizeof(dirent), name.data(), name.size());
    std::memset(out + sizeof(dirent) + name.size(), 0, length - head - name.size());
    used += length;
  }
  send_bytes(device, unique, scratch, used);
  return kDone;
}

size_t FuseHandlers::content_length(const Request& request, wire::ReadIn& in) const {
  if (request.header.opcode == wire::kOpen || !request.read(in)) {
    in = {};
    return 0;
  }
  const uint64_t size = index_.row(request.header.node - 1).size();
  return in.offset < size ? std::min<uint64_t>(in.size, size - in.offset) : 0;
}

int64_t FuseHandlers::read_file(int device, const Request& request, uint64_t number, uint8_t* scratch,
                                size_t scratch_size) const {
  const uint64_t unique = request.header.unique;
  const Row row = index_.row(number);
  wire::ReadIn in;
  if (!request.read(in) || !row.regular() || in.size > wire::kMaxReadBytes) {
    send_error(device, unique, row.directory() ? EISDIR : EINVAL);
    return kDone;
  }
  const uint64_t size = row.size();
  if (in.offset >= size || in.size == 0) {
    send_bytes(device, unique, scratch, 0);
    return kDone;
  }
  if (data_ == nullptr || (row.coded() && row.unit_bytes() == 0)) return kContent;
  const size_t length = std::min<uint64_t>(in.size, size - in.offset);
  Extent extent;
  uint64_t start;
  if (row.coded()) {
    const int64_t done = send_units(device, unique, units_of(number), in.offset, length);
    if (done != kContent) return done;
  } else if (length >= kMappedReadBytes && index_.find_extent(row, in.offset, extent, start)) {
    const int64_t done = send_mapped(device, unique, extent, in.offset - start, length);
    if (done != kContent) return done;
  }
  if (length <= scratch_size) return send_read(device, unique, number, in.offset, scratch, length);
  const std::unique_ptr<uint8_t[]> buffer(new (std::nothrow) uint8_t[length]);
  if (buffer != nullptr) return send_read(device, unique, number, in.offset, buffer.get(), length);
  send_error(device, unique, ENOMEM);
  return kDone;
}

int64_t FuseHandlers::send_units(int device, uint64_t unique, const UnitFile& file, uint64_t offset,
                                 size_t length) const {
  std::vector<UnitPtr> units;
  std::vector<iovec> pieces{iovec{}};
  const int error = data_->units().pin(length, file, offset, offset + length, units, pieces);
  if (error == UnitReader::kLacking) return kUnits;
  if (error == 0 && pieces.size() > kMaxVectors) return kContent;
  if (error != 0) send_error(device, unique, error);
  else send_vectors(device, unique, pieces.data(), static_cast<int>(pieces.size()), length);
  return kDone;
}

int64_t FuseHandlers::send_mapped(int device, uint64_t unique, const Extent& extent, uint64_t within,
                                  size_t length) const {
  if (extent.hole || extent.stream == layout::BLOB_STREAM || length > extent.length - within) return kContent;
  std::optional<MappedBytes> mapped;
  const int result = data_->map(length, extent.stream, extent.offset + within, mapped);
  if (result == DataReader::kPostponed) return kPostponed;
  if (result != 0) return kContent;
  std::vector<iovec>& vectors = mapped->vectors;
  const int error = send_vectors(device, unique, vectors.data(), static_cast<int>(vectors.size()), length);
  mapped->file->drop(mapped->offset, mapped->length);
  // A page that cannot be read: reading it tells the reason.
  return error == EFAULT ? kContent : kDone;
}

int64_t FuseHandlers::send_read(int device, uint64_t unique, uint64_t row, uint64_t offset, uint8_t* buffer,
                                size_t length) const {
  const int error = read_content(buffer, length, row, offset);
  if (error == DataReader::kPostponed) return kPostponed;
  if (error == DataReader::kLacking) return kUnits;
  if (error != 0) send_error(device, unique, error);
  else send_bytes(device, unique, buffer, length);
  return kDone;
}

int FuseHandlers::read_content(uint8_t* target, size_t length, uint64_t number, uint64_t offset) const {
  const Row row = index_.row(number);
  return row.coded() ? data_->units().read(target, length, units_of(number), offset, offset + length)
                     : read_extents(target, length, row, offset);
}

int FuseHandlers::read_extents(uint8_t* target, size_t length, Row row, uint64_t offset) const {
  for (size_t done = 0; done < length;) {
    Extent extent;
    uint64_t start;
    if (!index_.find_extent(row, offset + done, extent, start)) return EIO;
    const uint64_t within = offset + done - start;
    const size_t part = std::min<uint64_t>(length - done, extent.length - within);
    if (extent.hole) {
      std::memset(target + done, 0, part);
    } else if (extent.stream == layout::BLOB_STREAM) {
      const std::string_view bytes = index_.added(extent.offset + within, part);
      if (bytes.size() != part) return EIO;
      std::memcpy(target + done, bytes.data(), part);
    } else {
      const int error = data_->read(target + done, part, extent.stream, extent.offset + within);
      if (error != 0) return error;
    }
    done += part;
  }
  return 0;
}

void FuseHandlers::statfs(int device, uint64_t unique) const {
  wire::StatfsOut out{};
  out.blocks = (volume_.volume_bytes + kBlockBytes - 1) / kBlockBytes;
  out.files = index_.row_count();
  out.block_size = out.fragment_size = kBlockBytes;
  out.name_length = 255;
  send_struct(device, unique, out);
}

void FuseHandlers::fill_attr(wire::Attr& attr, Row row) const {
  attr.inode = row.inode();
  attr.size = row.symlink() ? row.word(layout::ROW_COUNT) : row.size();
  attr.blocks = row.regular() || row.directory() ? (row.size() + 511) / 512 : 0;
  attr.accessed = static_cast<uint64_t>(row.seconds(layout::ROW_ACCESSED));
  attr.modified = static_cast<uint64_t>(row.seconds(layout::ROW_MODIFIED));
  attr.changed = static_cast<uint64_t>(row.seconds(layout::ROW_CHANGED));
  attr.accessed_ns = row.nanoseconds(layout::ROW_ACCESSED);
  attr.modified_ns = row.nanoseconds(layout::ROW_MODIFIED);
  attr.changed_ns = row.nanoseconds(layout::ROW_CHANGED);
  attr.mode = row.word(layout::ROW_MODE);
  attr.links = row.word(layout::ROW_LINKS);
  attr.uid = volume_.owner ? volume_.owner->uid : row.word(layout::ROW_USER_ID);
  attr.gid = volume_.owner ? volume_.owner->gid : row.word(layout::ROW_GROUP_ID);
  const bool device = row.type() == 0020000 || row.type() == 0060000;
  attr.device = device ? encode_device(row.word(layout::ROW_FIRST), row.word(layout::ROW_COUNT)) : 0;
  attr.block_size = kPreferredIo;
}

wire::EntryOut FuseHandlers::entry(uint64_t number) const {
  wire::EntryOut out{number + 1, 0, kForever, kForever, 0, 0, {}};
  fill_attr(out.attr, index_.row(number));
  return out;
}

}  // namespace isodrive
