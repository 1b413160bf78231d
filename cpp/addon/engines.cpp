// Bindings of the external engines.
#include "addon/fft.h"
#include "addon/room.h"

namespace ewald::addon {
namespace {

std::vector<engines::Names> names_of(const Napi::Value& value) {
  std::vector<engines::Names> libraries;
  const Napi::Array list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Napi::Array names = list.Get(i).As<Napi::Array>();
    libraries.emplace_back();
    for (uint32_t j = 0; j < names.Length(); j++) libraries.back().push_back(names.Get(j).As<Napi::String>());
  }
  return libraries;
}

// engineFind(engine, libraries: string[][], f64) -> { available, version, file, why }
Napi::Value engine_find(const CallbackInfo& info) {
  const engines::Found found =
      engines::find(info[0].As<Napi::String>(), names_of(info[1]), info[2].As<Napi::Boolean>());
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("available", Napi::Boolean::New(info.Env(), found.available));
  object.Set("version", Napi::String::New(info.Env(), found.version));
  object.Set("file", Napi::String::New(info.Env(), found.file));
  object.Set("why", Napi::String::New(info.Env(), found.why));
  return object;
}

// The JavaScript handle of an object that ends planning.
struct Ender {
  static constexpr napi_type_tag tag = {0x6577616c642d656eULL, 0x6465720000000000ULL};
  static constexpr const char* what = "the handle that ends a plan";
  engines::Stop stop;
};

// engineEnder() -> External, for engineCreate and engineEnd
Napi::Value engine_ender(const CallbackInfo& info) { return handle(info.Env(), std::make_shared<Ender>()); }

// engineEnd(ender): cancels the plan that the ender was passed to.
void engine_end(const CallbackInfo& info) { alive<Ender>(info)->stop.ask(); }

// Plans of engines are created and destroyed off the main thread, because measuring takes long and blocks other
// planning.
class EngineTask : public Task {
public:
  explicit EngineTask(const CallbackInfo& info)
      : engine_(info[0].As<Napi::String>()),
        libraries_(names_of(info[1])),
        descriptor_(struct_of<ewald_fft_descriptor>(info, 2)),
        measure_(info[3].As<Napi::Boolean>()),
        ender_(alive<Ender>(info, 4)) {}

protected:
  int32_t work() override {
    const int32_t status = engines::create(engine_, libraries_, descriptor_, measure_, ender_->stop, fft_->engine);
    if (status == EWALD_STATUS_OK)
      fft_->set_bytes(descriptor_, fft_->engine->input, fft_->engine->output, fft_->engine->workspace);
    return status;
  }
  napi_value answer(napi_env env) override { return handle_value(env, std::move(fft_)); }

private:
  std::string engine_;
  std::vector<engines::Names> libraries_;
  ewald_fft_descriptor descriptor_;
  bool measure_;
  std::shared_ptr<Ender> ender_;
  std::shared_ptr<Fft> fft_ = std::make_shared<Fft>();
};

class DropTask : public Task {
public:
  explicit DropTask(std::shared_ptr<Fft>&& fft) : fft_(std::move(fft)) {}

protected:
  int32_t work() override {
    fft_.reset();
    return EWALD_STATUS_OK;
  }

private:
  std::shared_ptr<Fft> fft_;
};

// engineCreate(engine, libraries, descriptor: Uint8Array, measure, ender) -> Promise<External>, a plan like those of
// fftCreate
Napi::Value engine_create(const CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<EngineTask>(info));
}

// engineDestroy(plan) -> Promise<void>
Napi::Value engine_destroy(const CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<DropTask>(std::move(slot_of<Fft>(info))));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("engineFind", Napi::Function::New(env, engine_find, "engineFind"));
  exports.Set("engineEnder", Napi::Function::New(env, engine_ender, "engineEnder"));
  exports.Set("engineEnd", Napi::Function::New(env, engine_end, "engineEnd"));
  exports.Set("engineCreate", Napi::Function::New(env, engine_create, "engineCreate"));
  exports.Set("engineDestroy", Napi::Function::New(env, engine_destroy, "engineDestroy"));
});

}  // namespace
}  // namespace ewald::addon
