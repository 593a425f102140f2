// The optical drives of a Mac and the discs in them, as IOKit's registry has them. Looking asks no drive for anything.
#include "calls.hh"
#include "frameworks.hh"

namespace isodrive {
namespace {

/** Of which those of DVDs and Blu-ray discs are subclasses (IOCDBlockStorageDevice.h and its siblings). */
constexpr char kDriveClass[] = "IOCDBlockStorageDevice";
constexpr const char* kDiscClasses[] = {"IOCDMedia", "IODVDMedia", "IOBDMedia"};
/** Drives, and entries below one, that are looked at: far more than any Mac has. */
constexpr unsigned kMostEntries = 256;
/** Longest text that is taken: INQUIRY has at most 16 bytes, names of devices and kinds of discs fewer. */
constexpr CFIndex kTextBytes = 128;

Napi::String text_of(Napi::Env env, CFTypeRef value) {
  char text[kTextBytes] = "";
  if (value == nullptr || CFGetTypeID(value) != CFStringGetTypeID()) return Napi::String::New(env, "");
  const bool fits = CFStringGetCString(static_cast<CFStringRef>(value), text, kTextBytes, kUtf8) != 0;
  return Napi::String::New(env, fits ? text : "");
}

CFTypeRef copy_property(io_object_t entry, const char* name) {
  const Owned<CFStringRef> key(CFStringCreateWithCString(nullptr, name, kUtf8));
  return key.get() == nullptr ? nullptr : IORegistryEntryCreateCFProperty(entry, key.get(), nullptr, 0);
}

double id_of(io_object_t entry) {
  uint64_t id = 0;
  return IORegistryEntryGetRegistryEntryID(entry, &id) == 0 ? static_cast<double>(id) : 0;
}

/** Sets `vendor`, `product` and `revision`: the drive's answer to INQUIRY, which the system keeps. */
void set_identity(Napi::Env env, Napi::Object drive, io_object_t entry) {
  const Owned<> found(copy_property(entry, "Device Characteristics"));
  const bool isKnown = found.get() != nullptr && CFGetTypeID(found.get()) == CFDictionaryGetTypeID();
  constexpr const char* kNames[][2] = {
      {"vendor", "Vendor Name"}, {"product", "Product Name"}, {"revision", "Product Revision Level"}};
  for (const auto& [name, property] : kNames) {
    const Owned<CFStringRef> key(isKnown ? CFStringCreateWithCString(nullptr, property, kUtf8) : nullptr);
    const bool isAsked = key.get() != nullptr;
    drive.Set(name, text_of(env, isAsked ? CFDictionaryGetValue(static_cast<CFDictionaryRef>(found.get()), key.get())
                                         : nullptr));
  }
}

/** Sets `disc` when a disc is in. */
void set_disc(Napi::Env env, Napi::Object drive, io_object_t entry) {
  IoObject below;
  if (IORegistryEntryCreateIterator(entry, kServicePlane, kIterateRecursively, below.out()) != 0) return;
  IoObject child;
  for (unsigned i = 0; i < kMostEntries && child.reset(IOIteratorNext(below.get())); i++) {
    for (const char* disc_class : kDiscClasses) {
      if (IOObjectConformsTo(child.get(), disc_class) == 0) continue;
      const Owned<> name(copy_property(child.get(), "BSD Name"));
      const Owned<> kind(copy_property(child.get(), "Type"));
      Napi::Object disc = Napi::Object::New(env);
      disc.Set("id", id_of(child.get()));
      disc.Set("name", text_of(env, name.get()));
      disc.Set("family", Napi::String::New(env, disc_class));
      disc.Set("type", text_of(env, kind.get()));
      drive.Set("disc", disc);
      return;
    }
  }
}

/** listDrives() */
Napi::Value list_drives(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array drives = Napi::Array::New(env);
  const CFDictionaryRef matching = IOServiceMatching(kDriveClass);
  IoObject found;
  if (matching == nullptr || IOServiceGetMatchingServices(kMainPort, matching, found.out()) != 0) return drives;
  IoObject entry;
  for (unsigned i = 0; i < kMostEntries && entry.reset(IOIteratorNext(found.get())); i++) {
    char service[kIoNameBytes] = "";
    Napi::Object drive = Napi::Object::New(env);
    drive.Set("id", id_of(entry.get()));
    IOObjectGetClass(entry.get(), service);
    drive.Set("service", Napi::String::New(env, service));
    set_identity(env, drive, entry.get());
    set_disc(env, drive, entry.get());
    drives.Set(i, drive);
  }
  return drives;
}

}  // namespace

void export_drive_registry(Napi::Env env, Napi::Object exports) {
  exports.Set("listDrives", Napi::Function::New(env, list_drives));
}

}  // namespace isodrive
