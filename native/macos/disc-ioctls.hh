// The requests that macOS takes for a disc's device (/dev/rdiskN): layouts and numbers of sys/disk.h (xnu), and of
// IOCDMediaBSDClient.h, IODVDMediaBSDClient.h and IOBDMediaBSDClient.h (IOCDStorageFamily and its siblings), which
// come with Xcode alone. The numbers as they are written out here were computed apart, so that a layout that is wrong
// does not compile.
#pragma once

#include <sys/ioctl.h>

#include <cstdint>

namespace isodrive {

/** dk_cd_read_t */
struct CdRead {
  /** Block times the bytes that come of each. */
  uint64_t offset;
  /** Which parts of a sector: the bits of byte 9 of READ CD (MMC-6). */
  uint8_t area;
  uint8_t type;
  uint8_t reserved[10];
  /** Bytes of room; those that came, on return. */
  uint32_t length;
  void* buffer;
};

/** dk_cd_read_toc_t */
struct CdReadToc {
  /** Of READ TOC/PMA/ATIP (MMC-6). */
  uint8_t format;
  uint8_t as_time;
  uint8_t reserved1[5];
  uint8_t session;
  uint8_t reserved2[6];
  /** As in CdRead. */
  uint16_t length;
  void* buffer;
};

constexpr uint8_t kUserData = 0x10;     // kCDSectorAreaUser
constexpr uint8_t kWholeSector = 0xf8;  // sync, headers, user data, auxiliary
constexpr uint8_t kAnyType = 0;         // kCDSectorTypeUnknown
/** kCDSectorTypeMode1. With user data alone it is a plain read of 2048 bytes a block, whatever the track's mode is. */
constexpr uint8_t kMode1 = 2;
constexpr uint8_t kFullToc = 2;  // kCDTOCFormatTOC

constexpr unsigned long kEject = _IO('d', 21);                     // DKIOCEJECT
constexpr unsigned long kGetBlockCount = _IOR('d', 25, uint64_t);  // DKIOCGETBLOCKCOUNT
constexpr unsigned long kCdRead = _IOWR('d', 96, CdRead);          // DKIOCCDREAD
constexpr unsigned long kCdReadToc = _IOWR('d', 100, CdReadToc);   // DKIOCCDREADTOC
constexpr unsigned long kCdSetSpeed = _IOW('d', 99, uint16_t);     // DKIOCCDSETSPEED
constexpr unsigned long kDvdSetSpeed = _IOW('d', 131, uint16_t);   // DKIOCDVDSETSPEED
constexpr unsigned long kBdSetSpeed = _IOW('d', 163, uint16_t);    // DKIOCBDSETSPEED

static_assert(sizeof(void*) == 8 && sizeof(CdRead) == 32 && sizeof(CdReadToc) == 24);
static_assert(kEject == 0x20006415 && kGetBlockCount == 0x40086419);
static_assert(kCdRead == 0xc0206460 && kCdReadToc == 0xc0186464);
static_assert(kCdSetSpeed == 0x80026463 && kDvdSetSpeed == 0x80026483 && kBdSetSpeed == 0x800264a3);

}  // namespace isodrive
