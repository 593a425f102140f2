// Any order of calls of the cache of decoded units: what it gives is what was put in last, whoever holds a unit keeps
// it, and the budget holds. Form of an input: operations, each a kind and a number of the file (u8 each), a unit (u8)
// and, for one that is added, a third of its bytes (u16).
#include <cstring>
#include <map>
#include <tuple>
#include <vector>

#include "fuzz-input.hh"
#include "io/unit-cache.hh"

namespace isodrive::fuzz {
namespace {

constexpr size_t kMaxOperations = 512;
constexpr size_t kMaxHeld = 32;
/** Bytes of a unit: mostly small, so that many operations are quick. */
constexpr size_t kMaxBytes = 200'000;
/** Each shard keeps its newest unit, whatever the budget. */
constexpr size_t kShards = 8;

class Machine {
 public:
  void step(FuzzInput& input) {
    const uint8_t kind = input.number<uint8_t>() % 16;
    const uint8_t file = input.number<uint8_t>();
    const UnitKey key{spaces_[file % 2], file % 3U, input.number<uint8_t>() % 40U};
    if (kind == 0) drop(file % 2);
    else if (kind == 1) set_budget(size_t{file} * 8192);
    else if (kind < 7) look(key);
    else add(key, 1 + (input.number<uint16_t>() * 3U) % kMaxBytes);
    check(cache_.used() <= budget_ + kShards * UnitArena::slot_bytes(kMaxBytes), "more than the budget");
  }

  void end() {
    for (const auto& [unit, bytes] : held_) check_unit(unit, bytes);
    held_.clear();
    for (const size_t number : {0, 1}) drop(number);
    check(cache_.used() == 0, "units of no mount");
  }

 private:
  using Known = std::tuple<uint64_t, uint64_t, uint64_t>;
  static Known known(const UnitKey& key) { return {key.space, key.file, key.unit}; }

  static void check_unit(const UnitPtr& unit, const std::vector<uint8_t>& bytes) {
    check(unit->size() == bytes.size(), "a unit of another size");
    check(std::memcmp(unit->bytes(), bytes.data(), bytes.size()) == 0, "bytes of another unit");
  }

  void look(const UnitKey& key) {
    const UnitPtr unit = cache_.find(key);
    check((unit != nullptr) == cache_.contains(key), "a unit that is there and is not");
    if (unit == nullptr) return;
    const auto found = added_.find(known(key));
    check(found != added_.end(), "a unit that nobody has added");
    check_unit(unit, found->second);
    if (held_.size() >= kMaxHeld) held_.erase(held_.begin());
    held_.emplace_back(unit, found->second);
  }

  void add(const UnitKey& key, size_t size) {
    last_ += 1;
    std::vector<uint8_t> bytes(size, last_);
    const UnitPtr unit = cache_.add(key, bytes.data(), size);
    check(unit != nullptr, "no memory for a unit");
    check_unit(unit, bytes);
    added_[known(key)] = std::move(bytes);
  }

  void drop(size_t number) {
    cache_.drop(spaces_[number]);
    std::erase_if(added_, [&](const auto& entry) { return std::get<0>(entry.first) == spaces_[number]; });
  }

  void set_budget(size_t budget) {
    budget_ = budget;
    cache_.set_budget(budget);
  }

  UnitCache cache_;
  size_t budget_ = UnitCache::kDefaultBudget;
  const uint64_t spaces_[2] = {cache_.new_space(), cache_.new_space()};
  std::map<Known, std::vector<uint8_t>> added_;
  std::vector<std::pair<UnitPtr, std::vector<uint8_t>>> held_;
  uint8_t last_ = 0;
};

}  // namespace
}  // namespace isodrive::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  isodrive::fuzz::FuzzInput input(data, size);
  isodrive::fuzz::Machine machine;
  for (size_t i = 0; i < isodrive::fuzz::kMaxOperations && !input.is_empty(); ++i) machine.step(input);
  machine.end();
  return 0;
}
