// The additional exports of the emulated addon: the emulator's mode, its simulated GPU and its findings.
#include <napi.h>

#include <cstring>
#include <initializer_list>
#include <utility>

#include "../emulator/broken/outcome.h"
#include "../emulator/broken/self_test.h"
#include "../emulator/mode.h"
#include "../fft/fixed.h"
#include "../fft/program.h"
#include "../udf/chunks.h"
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

// setMode({ checked, orders, seed, strictOrders, ordered, banks, stepLimit }): omitted settings take their defaults.
void setMode(const CallbackInfo& info) {
  const Napi::Object from = options(info);
  emulator::Mode mode;
  take(from, "checked", mode.checked);
  take(from, "orders", mode.orders);
  take(from, "seed", mode.seed);
  take(from, "strictOrders", mode.strictOrders);
  take(from, "ordered", mode.ordered);
  take(from, "banks", mode.banks);
  take(from, "stepLimit", mode.stepLimit);
  emulator::setMode(mode);
}

// setCard({ devices, driverVersion, runtimeVersion, multiprocessors, memoryBytes, l2Bytes, memoryClock, memoryBus,
// watchdog, loseAfterLaunches }): a machine without a driver, with an old driver, with little memory, or with a GPU
// that fails.
void setCard(const CallbackInfo& info) {
  const Napi::Object from = options(info);
  emulator::Card card;
  take(from, "devices", card.devices);
  take(from, "driverVersion", card.driverVersion);
  take(from, "runtimeVersion", card.runtimeVersion);
  take(from, "multiprocessors", card.multiprocessors);
  take(from, "memoryBytes", card.memoryBytes);
  take(from, "l2Bytes", card.l2Bytes);
  take(from, "memoryClock", card.memoryClock);
  take(from, "memoryBus", card.memoryBus);
  take(from, "watchdog", card.watchdog);
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

// judgeBroken(orders) -> [{ name, expected, wrong, report }]: the deliberately broken kernels; `wrong` is empty if
// everything went as expected
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

// judgeSelfTest() -> [{ broken, faults }]: the report of the self-test for GPUs with one faulty mechanism
Napi::Value judgeSelfTest(const CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const auto& outcome : emulator::broken::judgeSelfTest()) {
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("broken", outcome.broken);
    object.Set("faults", outcome.faults);
    list.Set(list.Length(), object);
  }
  return list;
}

// launches() -> number of kernel launches since the last setCard
Napi::Value launches(const CallbackInfo& info) { return Napi::Number::New(info.Env(), double(emulator::launches())); }

// copied() -> { up, down }: bytes copied to the device and back since the last setCard
Napi::Value copied(const CallbackInfo& info) {
  const emulator::Copied copied = emulator::copied();
  Napi::Object bytes = Napi::Object::New(info.Env());
  bytes.Set("up", double(copied.up));
  bytes.Set("down", double(copied.down));
  return bytes;
}

// fftProgram(descriptor: Uint8Array, backward) -> the planned passes of a transform, one object per pass, so that a
// test can compare them with those of another backend
Napi::Value fftProgram(const CallbackInfo& info) {
  namespace fft = ewald::cuda::fft;
  const Napi::Env env = info.Env();
  ewald_fft_descriptor descriptor;
  const Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
  if (bytes.ByteLength() != sizeof descriptor) throw Napi::Error::New(env, "the descriptor has the wrong size");
  std::memcpy(&descriptor, bytes.Data(), sizeof descriptor);
  ewald::fft::Problem problem;
  if (ewald::fft::check(descriptor, problem) != EWALD_STATUS_OK) throw Napi::Error::New(env, "a wrong descriptor");
  fft::Tables tables;
  const fft::Program program = fft::program_of<float>(problem, info[1].ToBoolean().Value(), {1}, tables);
  const auto numbers = [&](std::initializer_list<std::pair<const char*, double>> list) {
    Napi::Object object = Napi::Object::New(env);
    for (const auto& [name, value] : list) object.Set(name, value);
    return object;
  };
  const auto window = [&](const fft::Window& w) {
    return numbers({{"start", w.start}, {"count", w.count}, {"whole", w.whole}});
  };
  Napi::Array passes = Napi::Array::New(env);
  for (const fft::Step& step : program.steps) {
    const fft::Pass& p = step.pass;
    Napi::Object pass = numbers({{"from", double(step.from)},
                                 {"to", double(step.to)},
                                 {"axis", p.axis},
                                 {"points", p.points},
                                 {"length", p.length},
                                 {"source", double(p.source)},
                                 {"sink", double(p.sink)},
                                 {"sine", p.sine},
                                 {"pairs", p.pairs},
                                 {"swapIn", p.swap_in},
                                 {"swapOut", p.swap_out},
                                 {"last", p.last},
                                 {"inStride", p.in_stride},
                                 {"outStride", p.out_stride},
                                 {"inIndex", p.in_index},
                                 {"outIndex", p.out_index},
                                 {"turnStep", p.turn_far == fft::nothing ? 0 : p.turn_step},
                                 {"chirpIn", p.chirp_in == fft::nothing ? 0 : p.chirp_points},
                                 {"chirpOut", p.chirp_out == fft::nothing ? 0 : p.chirp_points},
                                 {"middleStep", p.middle == fft::nothing ? 0 : p.middle_step}});
    pass.Set("inWindow", window(p.in_window));
    pass.Set("outWindow", window(p.out_window));
    Napi::Array radices = Napi::Array::New(env), loops = Napi::Array::New(env);
    for (std::uint32_t i = 0; i < p.stages; i++) radices.Set(i, double(p.stage[i].radix));
    for (std::uint32_t i = 0; i < p.loops; i++) {
      const fft::Loop& l = p.loop[i];
      loops.Set(i, numbers({{"count", l.count},
                            {"from", double(l.in)},
                            {"to", double(l.out)},
                            {"inIndex", l.in_index},
                            {"outIndex", l.out_index},
                            {"a", l.a},
                            {"b", l.b},
                            {"frequency", l.frequency}}));
    }
    pass.Set("radices", radices);
    pass.Set("loops", loops);
    passes.Set(passes.Length(), pass);
  }
  return passes;
}

// fftLengths() -> the lengths whose lines have a kernel of their own
Napi::Value fftLengths(const CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const auto& fixed : ewald::cuda::fft::fixed_lengths) list.Set(list.Length(), double(fixed.length));
  return list;
}

// setFftSlabs(bytes): the slabs of transforms planned from now on touch at most that number of bytes; 0: as the card
// decides
void setFftSlabs(const CallbackInfo& info) {
  ewald::cuda::fft::slab_bytes = std::uint64_t(info[0].ToNumber().DoubleValue());
}

// setUdfChunk(bytes): of frames that passes planned from now on upload together
void setUdfChunk(const CallbackInfo& info) {
  ewald::cuda::udf::chunk_bytes = std::size_t(info[0].ToNumber().DoubleValue());
}

// contexts() -> numbers of the devices on which a context was created since the last setCard
Napi::Value contexts(const CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const int device : emulator::contexts()) list.Set(list.Length(), double(device));
  return list;
}

// traffic() -> { read, written }: bytes of device memory that threads have accessed so far in checked mode
Napi::Value traffic(const CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("read", double(emulator::traffic().read));
  result.Set("written", double(emulator::traffic().written));
  return result;
}

// banks() -> { least, met }: accesses of warps to shared memory so far in the mode `banks`, without conflicts and with them
Napi::Value banks(const CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("least", double(emulator::bankAccesses().least));
  result.Set("met", double(emulator::bankAccesses().met));
  return result;
}

const ewald::addon::Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("emulated", true);
  exports.Set("setMode", Napi::Function::New(env, setMode, "setMode"));
  exports.Set("setCard", Napi::Function::New(env, setCard, "setCard"));
  exports.Set("takeReports", Napi::Function::New(env, takeReports, "takeReports"));
  exports.Set("judgeBroken", Napi::Function::New(env, judgeBroken, "judgeBroken"));
  exports.Set("judgeSelfTest", Napi::Function::New(env, judgeSelfTest, "judgeSelfTest"));
  exports.Set("banks", Napi::Function::New(env, banks, "banks"));
  exports.Set("traffic", Napi::Function::New(env, traffic, "traffic"));
  exports.Set("fftProgram", Napi::Function::New(env, fftProgram, "fftProgram"));
  exports.Set("fftLengths", Napi::Function::New(env, fftLengths, "fftLengths"));
  exports.Set("setFftSlabs", Napi::Function::New(env, setFftSlabs, "setFftSlabs"));
  exports.Set("setUdfChunk", Napi::Function::New(env, setUdfChunk, "setUdfChunk"));
  exports.Set("contexts", Napi::Function::New(env, contexts, "contexts"));
  exports.Set("copied", Napi::Function::New(env, copied, "copied"));
  exports.Set("launches", Napi::Function::New(env, launches, "launches"));
});

}  // namespace
