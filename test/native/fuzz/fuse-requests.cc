// Any requests of the kernel, with all that a session does with them: each is answered once, whatever JavaScript
// answers, and when. The index is that of a real image. Form of an input: options (u8), then events, each with its kind
// (u8): a request has its size (u16) and bytes, of which the number and the length are put right.
#include <cerrno>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fuse/fuse-session.hh"
#include "fuzz-input.hh"
#include "guarded-region.hh"
#include "memory-image.hh"
#include "reply-sink.hh"

namespace isodrive::fuzz {
namespace {

constexpr size_t kMaxEvents = 256;

/** What JavaScript is asked, in the order of asking. */
class Server final : public SessionServer {
 public:
  struct Question {
    enum class Kind { kLoad, kRead, kFill } kind;
    uint32_t row;
    uint64_t ticket;
    size_t length;
  };
  using Kind = Question::Kind;

  void load(uint32_t row) override { questions.push_back({Kind::kLoad, row, 0, 0}); }
  void read(uint64_t ticket, uint32_t row, uint64_t, size_t length) override {
    check(length <= wire::kMaxReadBytes, "a read of more than the kernel asks for");
    questions.push_back({Kind::kRead, row, ticket, length});
  }
  void fill(uint64_t ticket, const UnitSpan& span) override {
    check(span.start < span.end && span.end <= span.file.size, "units beyond the file");
    check(span.start % span.file.unit_bytes == 0, "a part of a unit");
    questions.push_back({Kind::kFill, 0, ticket, static_cast<size_t>(span.end - span.start)});
  }
  void cancel(uint64_t ticket) override {
    std::erase_if(questions,
                  [&](const Question& question) { return question.kind != Kind::kLoad && question.ticket == ticket; });
  }

  std::deque<Question> questions;
};

class Machine {
 public:
  Machine() : region_(IndexRegion::create(layout::REGION_BYTES)), scratch_(new uint8_t[FuseSession::kScratchBytes]) {
    check(region_ != nullptr, "no memory for a region");
    std::ifstream file(ISODRIVE_FUZZ_INDEX, std::ios::binary);
    index_.assign(std::istreambuf_iterator<char>(file), {});
    check(!index_.empty(), "no index to answer from: " ISODRIVE_FUZZ_INDEX);
    restore();
    for (const bool has_image : {false, true}) {
      for (const bool checks_opens : {false, true}) {
        const VolumeInfo volume{kImageBytes, has_image, has_image, std::nullopt, checks_opens};
        std::vector<UniqueFd> files;
        if (has_image) files.push_back(open_memory_image());
        sessions_.push_back(std::make_shared<FuseSession>(
            SessionOptions{"fuzz", UniqueFd(dup(sink_.descriptor())), std::move(files), region_, volume},
            SessionCallbacks{[] {}, [] {}}));
      }
    }
  }

  void run(FuzzInput input) {
    restore();
    const auto options = input.number<uint8_t>();
    session_ = sessions_[options % sessions_.size()].get();
    if ((options & 0x80) == 0) attach();
    for (size_t i = 0; i < kMaxEvents && !input.is_empty(); ++i) step(input);
    session_->desk().detach(&server_);
    session_->desk().fail(EIO, false);
    collect();
    for (const auto& [unique, left] : owed_) check(left == 0, "a request that nobody has answered");
    owed_.clear();
    server_.questions.clear();
  }

 private:
  /** Puts the index of the real image into the region. */
  void restore() {
    FuzzInput index(reinterpret_cast<const uint8_t*>(index_.data()), index_.size());
    guarded_.fill(index);
    guarded_.plan_whole(kImageBytes);
    guarded_.copy_to(region_->data());
    code_files();
  }

  /** Every other file has content that is stored in units. */
  void code_files() {
    auto* rows = reinterpret_cast<uint32_t*>(region_->data() + layout::ROWS_OFFSET);
    for (uint32_t row = 0; row < guarded_.rows(); row += 2) {
      uint32_t* words = rows + row * layout::ROW_WORDS;
      if (!Row(words).regular()) continue;
      const uint32_t power = static_cast<uint32_t>(layout::MIN_UNIT_POWER) + row % 8;
      words[layout::ROW_FLAGS] = static_cast<uint32_t>(layout::CODING_ZISOFS) | power << layout::UNIT_POWER_SHIFT;
    }
  }

  void attach() {
    server_.questions.clear();
    session_->desk().attach(&server_);
  }

  void step(FuzzInput& input) {
    const uint8_t kind = input.number<uint8_t>() % 16;
    if (kind == 0) {
      session_->desk().detach(&server_);
      server_.questions.clear();
    } else if (kind == 1) {
      attach();
    } else if (kind == 2) {
      session_->desk().fail(EIO, false);
      server_.questions.clear();
    } else if (kind < 6) {
      settle(input.number<uint8_t>());
    } else {
      request(input);
    }
    collect();
  }

  /** As the kernel, which numbers requests and knows how long they are. */
  void request(FuzzInput& input) {
    const Bytes given = input.take(std::min<size_t>(input.number<uint16_t>(), wire::kRequestBytes));
    std::vector<uint8_t> bytes(given.data, given.data + given.size);
    if (bytes.size() >= sizeof(wire::InHeader)) {
      wire::InHeader header;
      std::memcpy(&header, bytes.data(), sizeof(header));
      header.length = static_cast<uint32_t>(bytes.size());
      header.unique = ++unique_;
      std::memcpy(bytes.data(), &header, sizeof(header));
      const bool is_silent =
          header.opcode == wire::kForget || header.opcode == wire::kBatchForget || header.opcode == wire::kInterrupt;
      if (!is_silent) owed_[unique_] = 1;
      if (header.opcode == wire::kInterrupt && bytes.size() >= sizeof(header) + sizeof(uint64_t)) {
        const uint64_t target = unique_ - 1 - bytes[sizeof(header)] % 8;
        std::memcpy(bytes.data() + sizeof(header), &target, sizeof(target));
      }
    }
    session_->answer(sink_.descriptor(), bytes.data(), bytes.size(), scratch_.get());
  }

  /** Answers the question that has waited for longest, well or badly. */
  void settle(uint8_t how) {
    if (server_.questions.empty()) return;
    const Server::Question question = server_.questions.front();
    server_.questions.pop_front();
    const int error = (how & 1) != 0 ? EIO : 0;
    if (question.kind == Server::Kind::kLoad) {
      auto* row = reinterpret_cast<uint32_t*>(region_->data() + layout::ROWS_OFFSET) + question.row * layout::ROW_WORDS;
      if (error == 0) {
        const uint32_t state = (how & 2) != 0 ? layout::STATE_LOADED : layout::STATE_FAILED;
        std::atomic_ref<uint32_t>(row[layout::ROW_STATE]).store(state, std::memory_order_release);
      }
      session_->resume(question.row, error);
      return;
    }
    const size_t length = (how & 2) != 0 ? question.length / 2 : question.length;
    const std::vector<uint8_t> bytes(length);
    if (question.kind == Server::Kind::kFill) {
      // Some of the units may fail alone.
      const std::vector<int> errors = (how & 4) != 0 ? std::vector<int>{0, EIO, 0, EILSEQ} : std::vector<int>{};
      session_->fill(question.ticket, error, bytes.data(), bytes.size(), errors);
      return;
    }
    session_->desk().reply(question.ticket, error, bytes.data(), bytes.size());
  }

  void collect() {
    for (const wire::OutHeader& reply : sink_.take()) {
      const auto found = owed_.find(reply.unique);
      check(found != owed_.end() && found->second == 1, "a reply that nobody waits for");
      found->second = 0;
    }
  }

  ReplySink sink_;
  GuardedRegion guarded_;
  std::string index_;
  const std::shared_ptr<IndexRegion> region_;
  const std::unique_ptr<uint8_t[]> scratch_;
  std::vector<std::shared_ptr<FuseSession>> sessions_;
  FuseSession* session_ = nullptr;
  Server server_;
  uint64_t unique_ = 0;
  /** Replies that requests still wait for. */
  std::map<uint64_t, int> owed_;
};

}  // namespace
}  // namespace isodrive::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static isodrive::fuzz::Machine machine;
  machine.run({data, size});
  return 0;
}
