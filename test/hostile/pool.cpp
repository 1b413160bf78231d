// Several host threads use the thread pool of the core at the same time, for the thread sanitizer: transforms and
// counts of every team size, plans that come and go, and runs that are stopped. Every result is compared with that of one
// thread. Prints the number of runs and of wrong results.
#include <stdio.h>
#include <string.h>

#include <atomic>
#include <thread>
#include <vector>

#include "ewald.h"

namespace {

std::atomic<int> runs{0}, wrong{0};

void expect(bool fine, const char* what) {
  if (fine) return;
  wrong++;
  fprintf(stderr, "%s (last error: %s)\n", what, ewald_last_error());
}

ewald_fft* plan_of(uint32_t length, uint32_t threads) {
  ewald_fft_descriptor d{};
  d.rank = 2;
  d.kind = EWALD_FFT_KIND_C2C;
  d.precision = EWALD_FFT_PRECISION_F32;
  d.threads = threads;
  d.shape[0] = d.shape[1] = length;
  ewald_fft* plan = nullptr;
  expect(ewald_fft_create(&d, &plan) == EWALD_STATUS_OK, "no plan");
  return plan;
}

std::vector<float> transform(uint32_t length, uint32_t threads) {
  std::vector<float> in(2 * length * length), out(in.size());
  for (size_t i = 0; i < in.size(); i++) in[i] = float(i % 97) - 48;
  ewald_fft* plan = plan_of(length, threads);
  expect(ewald_fft_execute(plan, EWALD_FFT_DIRECTION_FORWARD, in.data(), out.data(), nullptr, 0) == EWALD_STATUS_OK,
         "no transform");
  ewald_fft_destroy(plan);
  return out;
}

uint64_t count(uint32_t threads) {
  ewald_pi_params p{};
  p.points_lo = 300000;
  p.seed_lo = 1;
  p.threads = threads;
  uint64_t hits = 0;
  expect(ewald_pi_count(&p, &hits) == EWALD_STATUS_OK, "no count");
  return hits;
}

// A run that another thread stops and watches: the output is not compared.
void stopped() {
  std::vector<float> in(2 * 128 * 128), out(in.size());
  ewald_fft* plan = plan_of(128, 4);
  std::thread other([plan] {
    for (int i = 0; i < 50; i++) {
      (void)ewald_fft_done(plan);
      ewald_fft_stop(plan, uint32_t(i % 2));
    }
  });
  for (int i = 0; i < 5; i++) ewald_fft_execute(plan, EWALD_FFT_DIRECTION_FORWARD, in.data(), out.data(), nullptr, 0);
  other.join();
  ewald_fft_destroy(plan);
}

}  // namespace

int main() {
  const uint64_t hits = count(1);
  const std::vector<float> small = transform(48, 1), large = transform(96, 1);
  std::vector<std::thread> hosts;
  for (uint32_t host = 0; host < 4; host++)
    hosts.emplace_back([&, host] {
      for (uint32_t round = 0; round < 12; round++) {
        const uint32_t threads = 1 + (host + round) % 6;
        expect(count(threads) == hits, "the count depends on the threads");
        expect(transform(48, threads) == small, "the transform of 48 depends on the threads");
        expect(transform(96, threads) == large, "the transform of 96 depends on the threads");
        if (round % 4 == host) stopped();
        runs += 3;
      }
    });
  for (std::thread& host : hosts) host.join();
  printf("%d runs, %d wrong\n", runs.load(), wrong.load());
  return wrong.load() == 0 ? 0 : 1;
}
