#include "unit-cache.hh"

#include <cstring>

namespace isodrive {

UnitCache& UnitCache::shared() {
  // Never destroyed: threads may outlive the end of `main`.
  static auto* cache = new UnitCache();
  return *cache;
}

size_t UnitCache::Hash::operator()(const UnitKey& key) const {
  // The finalizer of MurmurHash3, over an odd multiple of each number.
  uint64_t mixed = key.space * 0x9e3779b97f4a7c15U ^ key.file * 0xc2b2ae3d27d4eb4fU ^ key.unit * 0x165667b19e3779f9U;
  mixed = (mixed ^ mixed >> 33) * 0xff51afd7ed558ccdU;
  mixed = (mixed ^ mixed >> 33) * 0xc4ceb9fe1a85ec53U;
  return mixed ^ mixed >> 33;
}

UnitPtr UnitCache::find(const UnitKey& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.places.find(key);
  if (found == shard.places.end()) return nullptr;
  shard.order.splice(shard.order.begin(), shard.order, found->second);
  return found->second->second;
}

bool UnitCache::contains(const UnitKey& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  return shard.places.contains(key);
}

UnitPtr UnitCache::add(const UnitKey& key, const uint8_t* bytes, size_t size) {
  uint8_t* memory = arena_.allocate(size);
  if (memory == nullptr) return nullptr;
  std::memcpy(memory, bytes, size);
  UnitPtr unit = std::make_shared<const Unit>(arena_, memory, size);
  // What is dropped gives its memory back after the lock.
  Order dropped;
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto known = shard.places.find(key);
  if (known != shard.places.end()) shard.drop(known->second, dropped);
  shard.order.emplace_front(key, unit);
  shard.places.emplace(key, shard.order.begin());
  shard.used += UnitArena::slot_bytes(size);
  shrink(shard, dropped);
  return unit;
}

void UnitCache::drop(uint64_t space) {
  Order dropped;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto at = shard.order.begin(); at != shard.order.end();) {
      const auto unit = at++;
      if (unit->first.space == space) shard.drop(unit, dropped);
    }
  }
}

void UnitCache::set_budget(size_t budget) {
  budget_ = budget;
  Order dropped;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shrink(shard, dropped);
  }
}

size_t UnitCache::used() {
  size_t sum = 0;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.used;
  }
  return sum;
}

void UnitCache::Shard::drop(Order::iterator unit, Order& dropped) {
  used -= UnitArena::slot_bytes(unit->second->size());
  places.erase(unit->first);
  dropped.splice(dropped.end(), order, unit);
}

void UnitCache::shrink(Shard& shard, Order& dropped) const {
  while (shard.used > budget_ / kShards && shard.order.size() > 1) shard.drop(std::prev(shard.order.end()), dropped);
}

}  // namespace isodrive
