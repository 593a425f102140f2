// Decompresses blocks of RFC 1950, or of bare RFC 1951, with
// the zlib that the process has loaded: Node exports its own to addons, under
// one of two names. No header of zlib is needed to build, and the script decoders do the work where there is none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace isodrive {

/** One decompressor, used for block after block. Of one thread at a time. */
class ZlibInflate {
 public:
  /** `is_bare`: of RFC 1951, without the header and checksum of RFC 1950. */
  explicit ZlibInflate(bool is_bare);
  ~ZlibInflate();
  ZlibInflate(const ZlibInflate&) = delete;
  ZlibInflate& operator=(const ZlibInflate&) = delete;

  /** Whether there is a zlib. */
  bool is_there() const { return is_there_; }
  /**
   * True when a block holds exactly `target_size` bytes, which are in `target` then; never writes more. What lies
   * behind its end is left alone.
   */
  bool decode(const uint8_t* stored, size_t stored_size, uint8_t* target, size_t target_size);

 private:
  /** z_stream of zlib.h, whose layout is part of its binary interface since version 1.0. */
  struct Stream {
    const uint8_t* next_in;
    unsigned int available_in;
    unsigned long total_in;
    uint8_t* next_out;
    unsigned int available_out;
    unsigned long total_out;
    const char* message;
    void* state;
    void* allocate;
    void* release;
    void* opaque;
    int data_type;
    unsigned long adler;
    unsigned long reserved;
  };

  Stream stream_{};
  bool is_there_ = false;
};

}  // namespace isodrive
