// Signals while JavaScript never returns: its listeners are not reached then, and only the system can answer.
#ifndef _WIN32
#include <csignal>

#include "addon/room.h"

namespace ewald::addon {
namespace {

// answerSignalsOnce(): the handlers that there are of SIGINT, SIGTERM and SIGHUP answer one more signal each; the
// system answers the next as it does without them.
void answer_signals_once(const Napi::CallbackInfo&) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action = {};
    if (sigaction(signal, nullptr, &action) != 0) continue;
    if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) continue;
    action.sa_flags |= SA_RESETHAND;
    sigaction(signal, &action, nullptr);
  }
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("answerSignalsOnce", Napi::Function::New(env, answer_signals_once, "answerSignalsOnce"));
});

}  // namespace
}  // namespace ewald::addon
#endif
