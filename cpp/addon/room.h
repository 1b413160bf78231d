// How a file of an addon registers its functions: it holds one `const Room`, and the addon's entry binds them all. A
// new addon/<room>.cpp is found through its folder, so there is no list to edit. Both addons, cpp/addon and cuda/addon,
// use this.
#pragma once
#include <napi.h>

namespace ewald::addon {

// Functions of one file: `const Room room([](Napi::Env env, Napi::Object exports) { … });` at namespace scope. Rooms
// bind different names, so their order does not matter.
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
  // Created on first use, because the initialisation order of files is unknown.
  static const Room*& first() {
    static const Room* room = nullptr;
    return room;
  }
  Bind bind_;
  const Room* next_;
};

}  // namespace ewald::addon
