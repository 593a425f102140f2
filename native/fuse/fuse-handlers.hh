// Answers FUSE requests from the index and the image. Knows no threads and no JavaScript: what it cannot answer by
// itself (a directory that is not loaded yet, content that has to be decoded) it gives back, and the session sees to
// it.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "io/data-reader.hh"
#include "fuse-wire.hh"
#include "index/index-view.hh"

namespace isodrive {

/** Whose files are. */
struct VolumeOwner {
  uint32_t uid;
  uint32_t gid;
};

/** What a mounted file system says of itself. */
struct VolumeInfo {
  uint64_t volume_bytes;
  /** Whether any file can have extended attributes; if not, the kernel is told never to ask. */
  bool has_attributes;
  /** Whether any can have access control lists. */
  bool has_access_lists;
  /** Of all files, whatever the disc says. */
  std::optional<VolumeOwner> owner;
  /** Whether a file may be opened is asked each time, like content that has to be decoded. */
  bool checks_opens;
};

/** A request and its arguments; `arguments` holds `header.length - sizeof(header)` bytes. */
struct Request {
  wire::InHeader header;
  const uint8_t* arguments;
  size_t size;

  /** The argument struct at the start; false when the request is too short for it. */
  template <typename T>
  bool read(T& value) const {
    if (size < sizeof(T)) return false;
    std::memcpy(&value, arguments, sizeof(T));
    return true;
  }
  /** NUL-terminated string from byte `offset` on; empty when the request ends before it. */
  std::string_view text(size_t offset) const {
    if (offset >= size) return {};
    const auto* start = reinterpret_cast<const char*>(arguments) + offset;
    return {start, strnlen(start, size - offset)};
  }
};

class FuseHandlers {
 public:
  /** Result of `handle`: answered (or nothing to answer). */
  static constexpr int64_t kDone = -1;
  /** Result of `handle`: a read of content that the read plan does not give, or an open; nothing was answered. */
  static constexpr int64_t kContent = -2;
  /** Result of `handle`: a read that would wait for the medium, and may not now; nothing was answered. */
  static constexpr int64_t kPostponed = -3;

  /**
   * Result of `handle`: units have to be decoded first, of which the observer of reads was told; nothing was
   * answered.
   */
  static constexpr int64_t kUnits = -4;

  /** Without `data`, every read of content is given back. */
  FuseHandlers(const uint8_t* region, const DataReader* data, VolumeInfo volume)
      : index_(region), data_(data), volume_(volume) {}

  /**
   * Answers through `device`. Gives kDone, kContent, kPostponed, kUnits, or the row of the directory that has to be
   * loaded first; nothing was answered then. `scratch` is `scratch_size` bytes that the call may use. Never called
   * for FUSE_INIT.
   */
  int64_t handle(int device, const Request& request, uint8_t* scratch, size_t scratch_size) const;
  /** Takes apart what was given back with kContent; gives the bytes it has to be answered with, 0 for an open. */
  size_t content_length(const Request& request, wire::ReadIn& in) const;
  bool has_access_lists() const { return volume_.has_access_lists; }
  /** State of a directory's row: one of STATE_*. */
  uint32_t state(int64_t row) const { return index_.row(static_cast<uint64_t>(row)).state(); }

 private:
  int64_t lookup(int device, const Request& request, uint64_t row) const;
  int64_t read_directory(int device, const Request& request, uint64_t row, uint8_t* scratch, size_t size) const;
  int64_t read_file(int device, const Request& request, uint64_t row, uint8_t* scratch, size_t size) const;
  /** Answers from decoded units; kDone, kUnits, or kContent where that is not the way. */
  int64_t send_units(int device, uint64_t unique, const UnitFile& file, uint64_t offset, size_t length) const;
  /** Answers from the mapping of a file; kDone, kPostponed, or kContent where that is not the way. */
  int64_t send_mapped(int device, uint64_t unique, const Extent& extent, uint64_t within, size_t length) const;
  /** Answers with bytes put together in `buffer`, `length` of them; kDone, kPostponed or kUnits. */
  int64_t send_read(int device, uint64_t unique, uint64_t row, uint64_t offset, uint8_t* buffer, size_t length) const;
  int read_content(uint8_t* target, size_t length, uint64_t row, uint64_t offset) const;
  int read_extents(uint8_t* target, size_t length, Row row, uint64_t offset) const;
  /** The content of a coded row. */
  UnitFile units_of(uint64_t row) const { return {row, index_.row(row).unit_bytes(), index_.row(row).size()}; }
  void get_attribute(int device, const Request& request, Row row) const;
  void list_attributes(int device, const Request& request, Row row) const;
  void statfs(int device, uint64_t unique) const;
  void fill_attr(wire::Attr& attr, Row row) const;
  wire::EntryOut entry(uint64_t row) const;
  /** Row of the directory that holds a row; the row itself where the index says nothing of use. */
  uint64_t parent_of(uint64_t row) const;
  /** 0 when `row` is a loaded directory, an errno, or -1 when it has to be loaded. */
  int directory_ready(Row row) const;

  IndexView index_;
  const DataReader* data_;
  VolumeInfo volume_;
};

}  // namespace isodrive
