// Shared libraries found at run time by name; they are not needed to build or to link.
#pragma once
#include <string>
#include <vector>

namespace ewald::engines {

// Names of one library in the order of preference.
using Names = std::vector<std::string>;

// A library that stays loaded until the process ends: unloading one that has started threads is not safe.
class Library {
public:
  // The first of `names` that loads and has `symbol`; if there is no such library, `why` gives the reason for each.
  static Library open(const Names& names, const char* symbol, std::string& why);

  explicit operator bool() const { return handle_ != nullptr; }
  void* find(const char* name) const;
  // Sets `function` to the library's symbol of this name, or null if it has no such symbol.
  template <class F>
  bool find(const std::string& name, F*& function) const {
    function = reinterpret_cast<F*>(find(name.c_str()));
    return function != nullptr;
  }
  // The file that contains the code or data at `address`.
  static std::string file_of(const void* address);

private:
  void* handle_ = nullptr;
};

}  // namespace ewald::engines
