// Decoded units of all mounts of the process, within a budget of bytes. A unit never changes once it is here, and
// stays in memory, wherever it is dropped meanwhile, for as long as somebody has it: while it is being sent.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "unit-arena.hh"

namespace isodrive {

struct UnitKey {
  /** Of the mount. */
  uint64_t space;
  /** Of what is stored in units, within the mount. */
  uint64_t file;
  uint64_t unit;

  bool operator==(const UnitKey&) const = default;
};

/** The bytes of a decoded unit. */
class Unit {
 public:
  Unit(UnitArena& arena, uint8_t* bytes, size_t size) : arena_(arena), bytes_(bytes), size_(size) {}
  ~Unit() { arena_.release(bytes_, size_); }
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;

  const uint8_t* bytes() const { return bytes_; }
  size_t size() const { return size_; }

 private:
  UnitArena& arena_;
  uint8_t* const bytes_;
  const size_t size_;
};

using UnitPtr = std::shared_ptr<const Unit>;

class UnitCache {
 public:
  static constexpr size_t kDefaultBudget = size_t{32} << 20;

  explicit UnitCache(size_t budget = kDefaultBudget) : budget_(budget) {}
  UnitCache(const UnitCache&) = delete;
  UnitCache& operator=(const UnitCache&) = delete;

  /** Of the process. */
  static UnitCache& shared();

  /** Null when it is not here; what is asked for is dropped last. */
  UnitPtr find(const UnitKey& key);
  bool contains(const UnitKey& key);
  /** Keeps a copy of `size` bytes; null where there is no memory. The unit may be dropped at once. */
  UnitPtr add(const UnitKey& key, const uint8_t* bytes, size_t size);
  /** Drops all units of a mount. */
  void drop(uint64_t space);
  /** Bytes that units may take; each shard keeps its newest all the same. */
  void set_budget(size_t budget);
  /** Bytes that units take. */
  size_t used();
  /** A number that no mount has had. */
  uint64_t new_space() { return last_space_.fetch_add(1) + 1; }

 private:
  static constexpr size_t kShards = 8;

  struct Hash {
    size_t operator()(const UnitKey& key) const;
  };
  using Order = std::list<std::pair<UnitKey, UnitPtr>>;
  /** The newest first. */
  struct Shard {
    std::mutex mutex;
    Order order;
    std::unordered_map<UnitKey, Order::iterator, Hash> places;
    size_t used = 0;

    void drop(Order::iterator unit, Order& dropped);
  };

  Shard& shard_of(const UnitKey& key) { return shards_[Hash()(key) % kShards]; }
  /** Drops the oldest that the budget has no room for; under the shard's lock. */
  void shrink(Shard& shard, Order& dropped) const;

  UnitArena arena_;
  std::atomic<size_t> budget_;
  std::atomic<uint64_t> last_space_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace isodrive
