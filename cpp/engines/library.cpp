#include "engines/library.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace ewald::engines {

#if defined(_WIN32)

namespace {
void* load(const char* name, std::string& why) {
  void* handle = reinterpret_cast<void*>(LoadLibraryA(name));
  if (handle == nullptr) why = std::string(name) + ": error " + std::to_string(GetLastError());
  return handle;
}
}  // namespace

void* Library::find(const char* name) const {
  return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(handle_), name));
}

std::string Library::file_of(const void* address) {
  HMODULE module = nullptr;
  char path[MAX_PATH] = "";
  if (GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                         static_cast<const char*>(address), &module))
    GetModuleFileNameA(module, path, sizeof path);
  return path;
}

#else

namespace {
void* load(const char* name, std::string& why) {
  void* handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return handle;
  const char* said = dlerror();
  why = said == nullptr ? name : said;
  // Missing names are reported once for all of them; other failures are reported individually.
  if (why.rfind(name, 0) == 0 && why.find("No such file") != std::string::npos) why.clear();
  return nullptr;
}
}  // namespace

void* Library::find(const char* name) const { return dlsym(handle_, name); }

std::string Library::file_of(const void* address) {
  Dl_info info = {};
  return dladdr(address, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

#endif

// The loader counts how often a library was opened; it is never closed, so opening it again costs only a look-up.
Library Library::open(const Names& names, const char* symbol, std::string& why) {
  std::string all;
  for (const std::string& name : names) {
    Library library;
    std::string reason;
    library.handle_ = load(name.c_str(), reason);
    if (library && library.find(symbol) != nullptr) return library;
    if (library) reason = name + " has no " + symbol;
    if (!reason.empty()) all += (all.empty() ? "" : "; ") + reason;
  }
  why = all.empty() ? "no library with one of its names was found" : all;
  return Library();
}

}  // namespace ewald::engines
