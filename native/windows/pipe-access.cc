// Who may use a named pipe, and whose it is: the address of the daemon is a name that anybody may take first.
#include "calls.hh"

#include <aclapi.h>
#include <sddl.h>

#include <vector>

namespace isodrive {
namespace {

/** Milliseconds to wait for a free instance of a pipe whose instances are all taken at the moment. */
constexpr DWORD kBusyWait = 2000;

/** Opens a pipe without any data: the server sees a client that says nothing, and may not act in its name. */
DWORD open_pipe(const std::wstring& path, DWORD access, Handle& pipe) {
  if (!WaitNamedPipeW(path.c_str(), kBusyWait)) return GetLastError();
  *pipe.out() =
      CreateFileW(path.c_str(), access, 0, nullptr, OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, nullptr);
  return pipe.is_valid() ? ERROR_SUCCESS : GetLastError();
}

/** Part of this process's token: a structure and what it points to; empty when the system does not tell. */
std::vector<unsigned char> read_token(TOKEN_INFORMATION_CLASS part) {
  Handle token;
  DWORD length = 0;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, token.out())) return {};
  GetTokenInformation(token.get(), part, nullptr, 0, &length);
  std::vector<unsigned char> bytes(length);
  if (!GetTokenInformation(token.get(), part, bytes.data(), length, &length)) return {};
  return bytes;
}

PSID user_of(const std::vector<unsigned char>& token_user) {
  return reinterpret_cast<const TOKEN_USER*>(token_user.data())->User.Sid;
}

/** Who owns what this process makes: its user, or, for administrators, all of them. */
PSID owner_of(const std::vector<unsigned char>& token_owner) {
  return reinterpret_cast<const TOKEN_OWNER*>(token_owner.data())->Owner;
}

/** ownsPipe(path): whether the pipe is this user's, or one of those who may do everything anyway. */
Napi::Value owns_pipe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Handle pipe;
  if (const DWORD code = open_pipe(wide_text(info[0]), READ_CONTROL, pipe))
    return throw_windows_error(env, "CreateFile", code);
  const std::vector<unsigned char> user = read_token(TokenUser);
  const std::vector<unsigned char> maker = read_token(TokenOwner);
  if (user.empty() || maker.empty()) return throw_windows_error(env, "GetTokenInformation", GetLastError());
  PSID owner = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (const DWORD code = GetSecurityInfo(pipe.get(), SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, nullptr,
                                         nullptr, nullptr, &descriptor))
    return throw_windows_error(env, "GetSecurityInfo", code);
  const bool is_own = EqualSid(owner, user_of(user)) || EqualSid(owner, owner_of(maker)) ||
                      IsWellKnownSid(owner, WinBuiltinAdministratorsSid) || IsWellKnownSid(owner, WinLocalSystemSid);
  LocalFree(descriptor);
  return Napi::Boolean::New(env, is_own);
}

/** Access for this user, administrators and the system alone, as a list of the system (sddl.h); empty on failure. */
std::wstring own_access() {
  const std::vector<unsigned char> user = read_token(TokenUser);
  LPWSTR text = nullptr;
  if (user.empty() || !ConvertSidToStringSidW(user_of(user), &text)) return {};
  const std::wstring list = L"D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;" + std::wstring(text) + L")";
  LocalFree(text);
  return list;
}

/** restrictPipe(path): nobody else may connect to the pipe from now on, which must be this process's own. */
Napi::Value restrict_pipe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Handle pipe;
  if (const DWORD code = open_pipe(wide_text(info[0]), READ_CONTROL | WRITE_DAC, pipe))
    return throw_windows_error(env, "CreateFile", code);
  const std::wstring list = own_access();
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (list.empty() ||
      !ConvertStringSecurityDescriptorToSecurityDescriptorW(list.c_str(), SDDL_REVISION_1, &descriptor, nullptr))
    return throw_windows_error(env, "ConvertStringSecurityDescriptorToSecurityDescriptor", GetLastError());
  BOOL is_present = FALSE, is_default = FALSE;
  PACL access = nullptr;
  GetSecurityDescriptorDacl(descriptor, &is_present, &access, &is_default);
  const SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
  const DWORD code = SetSecurityInfo(pipe.get(), SE_KERNEL_OBJECT, what, nullptr, nullptr, access, nullptr);
  LocalFree(descriptor);
  return code == ERROR_SUCCESS ? env.Undefined() : throw_windows_error(env, "SetSecurityInfo", code);
}

}  // namespace

void export_pipe_access(Napi::Env env, Napi::Object exports) {
  exports.Set("ownsPipe", Napi::Function::New(env, owns_pipe));
  exports.Set("restrictPipe", Napi::Function::New(env, restrict_pipe));
}

}  // namespace isodrive
