// Any bytes as an index: whatever the kernel asks of it touches nothing but the index, and is answered once, in a form
// that the kernel takes. Form of an input: guarded-region.hh; then options (u8), a position and a size (u64, u32) of
// reads, and a name; with bit 3 of the options, a read plan before them; with bit 4, bases in units after that.
#include <cerrno>
#include <string>
#include <optional>
#include <utility>
#include <vector>

#include "fuse/fuse-handlers.hh"
#include "guarded-region.hh"
#include "memory-image.hh"
#include "reply-sink.hh"

namespace isodrive::fuzz {
namespace {

constexpr size_t kScratchBytes = 65536;
/** Rows that are asked about. */
constexpr uint32_t kMaxAsked = 48;
/** Names that are looked up in each directory. */
constexpr uint32_t kMaxNames = 8;

/** Has units decoded, some of them, until their bytes are too many. */
class Decoder final : public UnitObserver {
 public:
  Decoder(UnitCache& cache, uint64_t space) : cache_(cache), space_(space) {}
  const HeldUnits& held() const override { return held_; }
  void uses(const UnitSpan& span) override { check_span(span); }
  void lacks(const UnitSpan& span) override {
    check_span(span);
    check(span.start % span.file.unit_bytes == 0, "a part of a unit");
    lacking_ = span;
  }

  /** Whether the first unit that lacks is there now. */
  bool decode() {
    if (!lacking_ || left_ < lacking_->file.unit_bytes) return false;
    const UnitFile& file = lacking_->file;
    const uint64_t unit = file.unit_of(lacking_->start);
    const std::vector<uint8_t> bytes(file.end_of(unit) - lacking_->start);
    left_ -= file.unit_bytes;
    lacking_.reset();
    return cache_.add({space_, file.number, unit}, bytes.data(), bytes.size()) != nullptr;
  }

 private:
  static void check_span(const UnitSpan& span) {
    check(span.file.unit_bytes > 0 && span.start < span.end && span.end <= span.file.size, "bytes beyond the units");
  }

  UnitCache& cache_;
  const uint64_t space_;
  const HeldUnits held_;
  std::optional<UnitSpan> lacking_;
  uint64_t left_ = uint64_t{1} << 20;
};

class Kernel {
 public:
  Kernel(const GuardedRegion& region, const FuseHandlers& handlers, ReplySink& sink, Decoder& decoder)
      : region_(region), handlers_(handlers), sink_(sink), decoder_(decoder) {}

  void ask(uint32_t opcode, uint64_t row, const void* arguments, size_t size) {
    Request request{};
    request.header.opcode = opcode;
    request.header.unique = ++unique_;
    request.header.node = row + 1;
    request.arguments = static_cast<const uint8_t*>(arguments);
    request.size = size;
    static uint8_t scratch[kScratchBytes];
    int64_t result;
    do {
      result = handlers_.handle(sink_.descriptor(), request, scratch, sizeof(scratch));
    } while (result == FuseHandlers::kUnits && decoder_.decode());
    const std::vector<wire::OutHeader> replies = sink_.take();
    if (result == FuseHandlers::kDone) {
      check(replies.size() == 1 && replies[0].unique == unique_, "a request without its one reply");
      return;
    }
    check(replies.empty(), "a reply to a request that was given back");
    check(result != FuseHandlers::kPostponed, "a read that may wait was postponed");
    if (result == FuseHandlers::kUnits) return;
    if (result == FuseHandlers::kContent) {
      wire::ReadIn in{};
      const size_t length = handlers_.content_length(request, in);
      check((length == 0) == (opcode == wire::kOpen) && length <= wire::kMaxReadBytes, "the length of content");
      return;
    }
    // The session asks for a directory until it is no longer unloaded.
    check(result >= 0 && result < region_.rows(), "a directory beyond the rows");
    check(handlers_.state(result) == layout::STATE_UNLOADED, "a directory that cannot be loaded");
  }

  void ask_text(uint32_t opcode, uint64_t row, const std::string& text) {
    ask(opcode, row, text.c_str(), text.size() + 1);
  }

  void ask_range(uint32_t opcode, uint64_t row, uint64_t offset, uint32_t size) {
    const wire::ReadIn in{0, offset, size, 0, 0, 0, 0};
    ask(opcode, row, &in, sizeof(in));
  }

 private:
  const GuardedRegion& region_;
  const FuseHandlers& handlers_;
  ReplySink& sink_;
  Decoder& decoder_;
  uint64_t unique_ = 0;
};

std::string with_size(uint32_t size, std::string_view name) {
  const wire::GetxattrIn in{size, 0};
  return std::string(reinterpret_cast<const char*>(&in), sizeof(in)).append(name);
}

void ask_about(Kernel& kernel, uint64_t row, const IndexView& view, FuzzInput input) {
  const auto offset = input.number<uint64_t>();
  const auto size = input.number<uint32_t>();
  const Bytes name_bytes = input.take(300);
  const std::string name(reinterpret_cast<const char*>(name_bytes.data), name_bytes.size);
  for (const uint32_t opcode : {wire::kGetattr, wire::kReadlink, wire::kStatfs, wire::kOpen, wire::kOpendir})
    kernel.ask(opcode, row, nullptr, 0);
  for (const char* text : {".", "..", "", "COPYING"}) kernel.ask_text(wire::kLookup, row, text);
  kernel.ask_text(wire::kLookup, row, name);
  for (uint32_t other = 0; other < kMaxNames && view.contains(other); ++other)
    kernel.ask_text(wire::kLookup, row, std::string(view.name(view.row(other)).substr(0, 300)));
  for (const uint32_t opcode : {wire::kReaddir, wire::kReaddirplus}) {
    kernel.ask_range(opcode, row, 0, 4096);
    kernel.ask_range(opcode, row, 2, 32768);
    kernel.ask_range(opcode, row, offset, size);
  }
  kernel.ask_range(wire::kRead, row, 0, 131072);
  kernel.ask_range(wire::kRead, row, 2048, 100);
  kernel.ask_range(wire::kRead, row, offset, size);
  for (const uint32_t room : {0U, 16U, 65536U}) {
    kernel.ask_text(wire::kListxattr, row, with_size(room, ""));
    kernel.ask_text(wire::kGetxattr, row, with_size(room, "user.one"));
    kernel.ask_text(wire::kGetxattr, row, with_size(room, name));
  }
}

}  // namespace
}  // namespace isodrive::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace isodrive;
  using namespace isodrive::fuzz;
  static GuardedRegion region;
  static ReplySink sink;
  static PatientObserver observer;
  FuzzInput input(data, size);
  region.fill(input);
  const auto options = input.number<uint8_t>();
  VolumeInfo volume{kImageBytes, true, true, std::nullopt, (options & 1) != 0};
  if ((options & 2) != 0) volume.owner = VolumeOwner{1000, 1000};
  if ((options & 8) != 0) region.plan_any(input, kImageBytes);
  else region.plan_whole(kImageBytes);
  if ((options & 16) != 0) region.plan_units(input);
  std::vector<UniqueFd> files;
  files.push_back(duplicate_memory_image());
  static UnitCache cache;
  const uint64_t space = cache.new_space();
  Decoder decoder(cache, space);
  const UnitReader units(cache, space, decoder);
  const DataReader data_reader(region.data(), std::move(files), observer, units);
  const FuseHandlers handlers(region.data(), (options & 4) != 0 ? nullptr : &data_reader, volume);
  const IndexView view(region.data());
  Kernel kernel(region, handlers, sink, decoder);
  for (uint32_t row = 0; row <= std::min(region.rows(), kMaxAsked); ++row) ask_about(kernel, row, view, input);
  kernel.ask(wire::kGetattr, ~uint64_t{0}, nullptr, 0);
  cache.drop(space);
  return 0;
}
