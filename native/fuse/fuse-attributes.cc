// Extended attributes of FuseHandlers. Format of the blob: src/index/layout.ts, ATTRIBUTE_HEADER_BYTES.
#include <cerrno>
#include <cstring>
#include <string>

#include "fuse-handlers.hh"
#include "fuse-reply.hh"

namespace isodrive {
namespace {

/** Walks the attributes of a row; stops when `visit` gives true or the bytes end. */
template <typename Visit>
void each_attribute(std::string_view bytes, Visit visit) {
  uint32_t count = 0;
  if (bytes.size() < sizeof(count)) return;
  std::memcpy(&count, bytes.data(), sizeof(count));
  bytes.remove_prefix(sizeof(count));
  for (uint32_t i = 0; i < count && bytes.size() >= layout::ATTRIBUTE_HEADER_BYTES; ++i) {
    uint32_t lengths[2];
    std::memcpy(lengths, bytes.data(), sizeof(lengths));
    bytes.remove_prefix(sizeof(lengths));
    if (static_cast<uint64_t>(lengths[0]) + lengths[1] > bytes.size()) return;
    if (visit(bytes.substr(0, lengths[0]), bytes.substr(lengths[0], lengths[1]))) return;
    bytes.remove_prefix(lengths[0] + lengths[1]);
  }
}

/** Answers with the value, or with its size when the caller's buffer is 0 (getxattr(2)). */
void send_value(int device, uint64_t unique, std::string_view value, uint32_t room) {
  if (room == 0) send_struct(device, unique, wire::GetxattrOut{static_cast<uint32_t>(value.size()), 0});
  else if (value.size() > room) send_error(device, unique, ERANGE);
  else send_bytes(device, unique, value.data(), value.size());
}

}  // namespace

void FuseHandlers::get_attribute(int device, const Request& request, Row row) const {
  const uint64_t unique = request.header.unique;
  wire::GetxattrIn in;
  if (!volume_.has_attributes || !request.read(in) || request.size == sizeof(in)) {
    send_error(device, unique, volume_.has_attributes ? EINVAL : ENOSYS);
    return;
  }
  const std::string_view wanted = request.text(sizeof(in));
  bool found = false;
  each_attribute(index_.attributes(row), [&](std::string_view name, std::string_view value) {
    if (name != wanted) return false;
    found = true;
    send_value(device, unique, value, in.size);
    return true;
  });
  if (!found) send_error(device, unique, ENODATA);
}

void FuseHandlers::list_attributes(int device, const Request& request, Row row) const {
  const uint64_t unique = request.header.unique;
  wire::GetxattrIn in;
  if (!volume_.has_attributes || !request.read(in)) {
    send_error(device, unique, volume_.has_attributes ? EINVAL : ENOSYS);
    return;
  }
  std::string names;
  each_attribute(index_.attributes(row), [&](std::string_view name, std::string_view) {
    names.append(name).push_back('\0');
    return false;
  });
  send_value(device, unique, names, in.size);
}

}  // namespace isodrive
