// How a file of an addon makes its functions known: it holds one `const Room`, and the addon's entry binds them all. A
// new addon/<room>.cpp is found by its folder, so nothing lists it. Both addons, cpp/addon and cuda/addon, use this.
#pragma once
#include <napi.h>

namespace ewald::addon {

// Functions of one file: `const Room room([](Napi::Env env, Napi::Object exports) { … });` at namespace scope. Rooms
// bind different names, so their order means nothing.
class Room {
public:
  using Bind = void (*)(Napi::Env, Napi::Object);
  explicit Room(Bind bind) : bind_(bind), next_(first()) { first() = this; }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  static void bind_all(Napi::Env env, Napi::Object exports) {
    for (const Room* room = first(); room != nullptr; room = room->next_) room->bind_(env, exports);
  }

private:
  // Made at its first use: the order in which files start is not known.
  static const Room*& first() {
    static const Room* room = nullptr;
    return room;
  }
  Bind bind_;
  const Room* next_;
};

}  // namespace ewald::addon
