// Calls of JavaScript that native threads ask for. A thread that is being ended refuses all that may run JavaScript:
// nobody needs an answer from it then. What node-addon-api gives instead of a value ends the process when it is
// called, so these are Node-API's own.
#pragma once

#include <napi.h>

#include <vector>

namespace isodrive {

/** Null when refused. */
inline napi_value find_method(const Napi::ObjectReference& listener, const char* name) {
  napi_value method = nullptr;
  return napi_get_named_property(listener.Env(), listener.Value(), name, &method) == napi_ok ? method : nullptr;
}

/** What a method throws is an uncaught exception once the caller has returned to Node. */
inline void call_method(const Napi::ObjectReference& listener, const char* name,
                        const std::vector<napi_value>& values) {
  const napi_value method = find_method(listener, name);
  if (method == nullptr) return;
  napi_call_function(listener.Env(), listener.Value(), method, values.size(), values.data(), nullptr);
}

/** Without arguments. */
inline void call_function(const Napi::FunctionReference& function) {
  napi_value nothing = nullptr;
  napi_get_undefined(function.Env(), &nothing);
  napi_call_function(function.Env(), nothing, function.Value(), 0, nullptr, nullptr);
}

}  // namespace isodrive
