// What is used of CoreFoundation and IOKit, whose headers come with Xcode alone: the same declarations everywhere, so
// that what Linux compiles is what a Mac runs. Sources: CFBase.h, CFString.h, CFDictionary.h; IOKitLib.h,
// IOKitKeys.h, IOTypes.h. scripts/build-macos.mjs lists the same functions for the linker.
#pragma once

#include <cstdint>

extern "C" {

using CFTypeRef = const void*;
using CFStringRef = const struct __CFString*;
using CFDictionaryRef = const struct __CFDictionary*;
/** long on both machines. */
using CFIndex = long;

void CFRelease(CFTypeRef object);
unsigned long CFGetTypeID(CFTypeRef object);
unsigned long CFStringGetTypeID();
unsigned long CFDictionaryGetTypeID();
CFStringRef CFStringCreateWithCString(CFTypeRef allocator, const char* text, uint32_t encoding);
/** False where the text does not fit, with its NUL. */
unsigned char CFStringGetCString(CFStringRef string, char* buffer, CFIndex bytes, uint32_t encoding);
const void* CFDictionaryGetValue(CFDictionaryRef dictionary, const void* key);

/** A name of a port of the kernel's (mach_port_t); 0 is none. */
using io_object_t = unsigned;
/** KERN_SUCCESS is 0. */
using kern_return_t = int;

CFDictionaryRef IOServiceMatching(const char* class_name);
/** Takes over `matching`. */
kern_return_t IOServiceGetMatchingServices(unsigned main_port, CFDictionaryRef matching, io_object_t* iterator);
io_object_t IOIteratorNext(io_object_t iterator);
kern_return_t IOObjectRelease(io_object_t object);
int IOObjectConformsTo(io_object_t object, const char* class_name);
/** `name`: room for kIoNameBytes. */
kern_return_t IOObjectGetClass(io_object_t object, char* name);
kern_return_t IORegistryEntryGetRegistryEntryID(io_object_t entry, uint64_t* id);
kern_return_t IORegistryEntryCreateIterator(io_object_t entry, const char* plane, unsigned options,
                                            io_object_t* iterator);
/** The caller releases it; null where the entry has none. */
CFTypeRef IORegistryEntryCreateCFProperty(io_object_t entry, CFStringRef key, CFTypeRef allocator, unsigned options);

}  // extern "C"

namespace isodrive {

constexpr uint32_t kUtf8 = 0x08000100;         // kCFStringEncodingUTF8
constexpr unsigned kMainPort = 0;              // kIOMainPortDefault, MACH_PORT_NULL
constexpr char kServicePlane[] = "IOService";  // kIOServicePlane
constexpr unsigned kIterateRecursively = 1;    // kIORegistryIterateRecursively
constexpr size_t kIoNameBytes = 128;           // io_name_t

/** Owns one reference to an object of CoreFoundation; may be empty. */
template <typename T = CFTypeRef>
class Owned {
 public:
  explicit Owned(T object) : object_(object) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (object_ != nullptr) CFRelease(object_);
  }
  T get() const { return object_; }

 private:
  T object_;
};

/** Owns one right to an object of IOKit; may be empty. */
class IoObject {
 public:
  explicit IoObject(io_object_t object = 0) : object_(object) {}
  IoObject(const IoObject&) = delete;
  IoObject& operator=(const IoObject&) = delete;
  ~IoObject() { reset(0); }
  io_object_t get() const { return object_; }
  io_object_t* out() { return &object_; }
  /** Takes over `object`; false when there is none. */
  bool reset(io_object_t object) {
    if (object_ != 0) IOObjectRelease(object_);
    object_ = object;
    return object != 0;
  }

 private:
  io_object_t object_;
};

}  // namespace isodrive
