#include "close-apart.hh"

#include <pthread.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "descriptor-store.hh"

namespace isodrive::keeper {
namespace {

/** Bytes; the thread makes one system call. */
constexpr size_t kStack = size_t{64} * 1024;

void* close_one(void* fd) {
  close(static_cast<int>(reinterpret_cast<intptr_t>(fd)));
  return nullptr;
}

bool start(int fd) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread{};
  const int error = pthread_create(&thread, &attributes, close_one, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
  pthread_attr_destroy(&attributes);
  return error == 0;
}

/** Those that no thread could be started for. */
int waiting[kMaxDescriptors];
size_t count = 0;

}  // namespace

void close_apart(int fd) {
  if (count < kMaxDescriptors) waiting[count++] = fd;
  while (count > 0 && start(waiting[count - 1])) count -= 1;
}

}  // namespace isodrive::keeper
