// What the emulated addon exports beside the real one's names: the emulator's mode, its card and its findings.
#include <napi.h>

#include "../emulator/broken/outcome.h"
#include "../emulator/mode.h"
#include "addon/room.h"

namespace {

using Napi::CallbackInfo;
namespace emulator = ewald::emulator;

template <class T>
void take(const Napi::Object& from, const char* name, T& into) {
  const Napi::Value value = from.Get(name);
  if (value.IsBoolean())
    into = T(value.As<Napi::Boolean>().Value());
  else if (value.IsNumber())
    into = T(value.As<Napi::Number>().DoubleValue());
}
Napi::Object options(const CallbackInfo& info) {
  return info[0].IsObject() ? info[0].As<Napi::Object>() : Napi::Object::New(info.Env());
}

// setMode({ checked, orders, seed, strictOrders, stepLimit }): what is left out takes its default.
void setMode(const CallbackInfo& info) {
  const Napi::Object from = options(info);
  emulator::Mode mode;
  take(from, "checked", mode.checked);
  take(from, "orders", mode.orders);
  take(from, "seed", mode.seed);
  take(from, "strictOrders", mode.strictOrders);
  take(from, "stepLimit", mode.stepLimit);
  emulator::setMode(mode);
}

// setCard({ devices, driverVersion, runtimeVersion, multiprocessors, memoryBytes, loseAfterLaunches }): a machine
// without a driver, with an old one, with little memory, or with a card that dies.
void setCard(const CallbackInfo& info) {
  const Napi::Object from = options(info);
  emulator::Card card;
  take(from, "devices", card.devices);
  take(from, "driverVersion", card.driverVersion);
  take(from, "runtimeVersion", card.runtimeVersion);
  take(from, "multiprocessors", card.multiprocessors);
  take(from, "memoryBytes", card.memoryBytes);
  take(from, "loseAfterLaunches", card.loseAfterLaunches);
  emulator::setCard(card);
}

// takeReports() -> [{ finding, kernel, text }]
Napi::Value takeReports(const CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const emulator::Report& report : emulator::takeReports()) {
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("finding", emulator::nameOf(report.finding));
    object.Set("kernel", report.kernel);
    object.Set("text", report.text);
    list.Set(list.Length(), object);
  }
  return list;
}

// judgeBroken(orders) -> [{ name, expected, wrong, report }]: the deliberately broken kernels; wrong is empty where all
// went as it should
Napi::Value judgeBroken(const CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const auto& outcome :
       emulator::broken::judgeAll(info[0].IsNumber() ? info[0].As<Napi::Number>().Uint32Value() : 1)) {
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("name", outcome.name);
    object.Set("expected", outcome.expected);
    object.Set("wrong", outcome.wrong);
    object.Set("report", outcome.report);
    list.Set(list.Length(), object);
  }
  return list;
}

// launches() -> number of kernel launches since the card was set
Napi::Value launches(const CallbackInfo& info) { return Napi::Number::New(info.Env(), double(emulator::launches())); }

// traffic() -> { read, written }: bytes of device memory that threads touched so far while every access was looked at
Napi::Value traffic(const CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("read", double(emulator::traffic().read));
  result.Set("written", double(emulator::traffic().written));
  return result;
}

const ewald::addon::Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("emulated", true);
  exports.Set("setMode", Napi::Function::New(env, setMode, "setMode"));
  exports.Set("setCard", Napi::Function::New(env, setCard, "setCard"));
  exports.Set("takeReports", Napi::Function::New(env, takeReports, "takeReports"));
  exports.Set("judgeBroken", Napi::Function::New(env, judgeBroken, "judgeBroken"));
  exports.Set("traffic", Napi::Function::New(env, traffic, "traffic"));
  exports.Set("launches", Napi::Function::New(env, launches, "launches"));
});

}  // namespace
