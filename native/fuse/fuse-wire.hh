// The part of the FUSE kernel protocol (include/uapi/linux/fuse.h, version 7.x) that a read-only file system speaks.
// Written out here because the machine's own header may be older than its kernel.
#pragma once

#include <cstdint>

namespace isodrive::wire {

inline constexpr uint32_t kMajor = 7;
/** Highest minor version whose messages this file describes. */
inline constexpr uint32_t kMinor = 38;
/** Smallest buffer the kernel accepts for a request when max_write is kMaxWrite. */
inline constexpr uint32_t kRequestBytes = 16384;
/** Lowest value the kernel allows; nothing is ever written. */
inline constexpr uint32_t kMaxWrite = 4096;
/** Most that one read asks for: 256 pages (max_pages of InitOut), which are of 64 KiB at most. */
inline constexpr uint32_t kMaxReadBytes = 256 * 65536;
/** _IOR(229, 0, uint32_t): attaches another descriptor to the same connection. */
inline constexpr unsigned long kIoctlClone = 0x8004e500UL;
/** FUSE_NOTIFY_RESEND, in the place of the error of a reply to no request. */
inline constexpr int32_t kNotifyResend = 7;

enum Opcode : uint32_t {
  kLookup = 1,
  kForget = 2,
  kGetattr = 3,
  kReadlink = 5,
  kOpen = 14,
  kRead = 15,
  kStatfs = 17,
  kRelease = 18,
  kGetxattr = 22,
  kListxattr = 23,
  kFlush = 25,
  kInit = 26,
  kOpendir = 27,
  kReaddir = 28,
  kReleasedir = 29,
  kInterrupt = 36,
  kDestroy = 38,
  kBatchForget = 42,
  kReaddirplus = 44,
  kStatx = 52,
};

enum InitFlag : uint64_t {
  kAsyncRead = 1ULL << 0,
  kExportSupport = 1ULL << 4,
  kDoReaddirplus = 1ULL << 13,
  kNoOpenSupport = 1ULL << 17,
  kParallelDirops = 1ULL << 18,
  kMaxPages = 1ULL << 22,
  kCacheSymlinks = 1ULL << 23,
  kNoOpendirSupport = 1ULL << 24,
  kPosixAcl = 1ULL << 20,
  kInitExt = 1ULL << 30,
  kHasResend = 1ULL << 39,
};

struct InHeader {
  uint32_t length;
  uint32_t opcode;
  uint64_t unique;
  uint64_t node;
  uint32_t uid;
  uint32_t gid;
  uint32_t pid;
  uint16_t extension_length;
  uint16_t padding;
};
static_assert(sizeof(InHeader) == 40);

struct OutHeader {
  uint32_t length;
  int32_t error;
  uint64_t unique;
};
static_assert(sizeof(OutHeader) == 16);

struct InitIn {
  uint32_t major;
  uint32_t minor;
  uint32_t max_readahead;
  uint32_t flags;
  uint32_t flags2;
  uint32_t unused[11];
};
static_assert(sizeof(InitIn) == 64);

struct InitOut {
  uint32_t major;
  uint32_t minor;
  uint32_t max_readahead;
  uint32_t flags;
  uint16_t max_background;
  uint16_t congestion_threshold;
  uint32_t max_write;
  uint32_t time_granularity;
  uint16_t max_pages;
  uint16_t map_alignment;
  uint32_t flags2;
  uint32_t unused[7];
};
static_assert(sizeof(InitOut) == 64);

struct Attr {
  uint64_t inode;
  uint64_t size;
  uint64_t blocks;
  uint64_t accessed;
  uint64_t modified;
  uint64_t changed;
  uint32_t accessed_ns;
  uint32_t modified_ns;
  uint32_t changed_ns;
  uint32_t mode;
  uint32_t links;
  uint32_t uid;
  uint32_t gid;
  uint32_t device;
  uint32_t block_size;
  uint32_t flags;
};
static_assert(sizeof(Attr) == 88);

struct EntryOut {
  uint64_t node;
  uint64_t generation;
  uint64_t entry_valid;
  uint64_t attr_valid;
  uint32_t entry_valid_ns;
  uint32_t attr_valid_ns;
  Attr attr;
};
static_assert(sizeof(EntryOut) == 128);

struct AttrOut {
  uint64_t attr_valid;
  uint32_t attr_valid_ns;
  uint32_t padding;
  Attr attr;
};
static_assert(sizeof(AttrOut) == 104);

/** FUSE_READ, FUSE_READDIR and FUSE_READDIRPLUS. */
struct ReadIn {
  uint64_t handle;
  uint64_t offset;
  uint32_t size;
  uint32_t read_flags;
  uint64_t lock_owner;
  uint32_t flags;
  uint32_t padding;
};
static_assert(sizeof(ReadIn) == 40);

/** Followed by the name and padding to 8 bytes. */
struct Dirent {
  uint64_t inode;
  uint64_t offset;
  uint32_t name_length;
  uint32_t type;
};
static_assert(sizeof(Dirent) == 24);

struct StatfsOut {
  uint64_t blocks;
  uint64_t free_blocks;
  uint64_t available_blocks;
  uint64_t files;
  uint64_t free_files;
  uint32_t block_size;
  uint32_t name_length;
  uint32_t fragment_size;
  uint32_t padding;
  uint32_t spare[6];
};
static_assert(sizeof(StatfsOut) == 80);

/** FUSE_GETXATTR (name follows) and FUSE_LISTXATTR. */
struct GetxattrIn {
  uint32_t size;
  uint32_t padding;
};
static_assert(sizeof(GetxattrIn) == 8);

/** Flag of OpenOut: the kernel keeps the pages that it has. */
constexpr uint32_t kOpenKeepCache = 1U << 1;

struct OpenOut {
  uint64_t handle;
  uint32_t flags;
  uint32_t padding;
};
static_assert(sizeof(OpenOut) == 16);

struct GetxattrOut {
  uint32_t size;
  uint32_t padding;
};

struct InterruptIn {
  uint64_t unique;
};

}  // namespace isodrive::wire
