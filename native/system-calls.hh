// System calls that Node does not offer, as JavaScript functions. Calls that may block run in threads of their own
// and give promises; a failed call rejects or throws an Error with `errno` (number) and `syscall`.
#pragma once

#include <napi.h>

#include <vector>

namespace isodrive {

/** Error of a failed system call; `number` is its errno. */
Napi::Error make_system_error(Napi::Env env, const char* syscall, int number);

/** An argument that is an array of descriptors; none of it is checked. */
std::vector<int> descriptors_in(const Napi::Array& given);

void export_system_calls(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
