/* The C ABI of the ewald core: one header for the wasm module, the native addon and every test.
 *
 * Opaque handles, status codes, pointer + length. Sizes are in elements unless a name says bytes; nothing is written
 * beyond them. Every function returns an ewald_status (0 is success) unless it says otherwise; ewald_last_error() then
 * holds one line about it. Whoever creates a handle destroys it. Handles may be used from any thread, by one thread at
 * a time. */
#ifndef EWALD_H
#define EWALD_H
#include "generated/layout.h"

#if defined(__EMSCRIPTEN__)
#define EWALD_EXPORT(name) __attribute__((export_name(#name), used))
#else
#define EWALD_EXPORT(name)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this header, EWALD_ABI_VERSION; a loader refuses another. */
uint32_t ewald_abi_version(void);
/* One line about the last failure on this thread; never NULL, owned by the core. */
const char* ewald_last_error(void);
/* Bytes the core holds now: memory given by ewald_alloc and memory of every handle. */
size_t ewald_live_bytes(void);
/* 64-byte aligned memory, counted in ewald_live_bytes; NULL when there is none. ewald_free takes NULL. */
void* ewald_alloc(size_t bytes);
void ewald_free(void* memory);
/* Name of the instruction set the core computes with here: simd128, avx512, avx2, sse2 or neon. Owned by the core. */
const char* ewald_instruction_set(void);
/* Threads a call takes when it is asked for 0. */
uint32_t ewald_hardware_threads(void);

/* pi: counts the points [first, first + points) of a Philox4x32-10 stream that fall into the quarter circle; see
 * cpp/pi. */
int32_t ewald_pi_count(const ewald_pi_params* params, uint64_t* hits);

/* indexing: finds the known cells in the spots of many images; see cpp/indexing. */
typedef struct ewald_indexer ewald_indexer;
int32_t ewald_indexer_create(const ewald_indexer_descriptor* descriptor, ewald_indexer** indexer);
void ewald_indexer_destroy(ewald_indexer* indexer);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_indexer_bytes(const ewald_indexer* indexer);
/* spots      [offsets[images]][3]        reciprocal vectors, 1/angstrom, |q| = 1/d, laboratory frame
 * offsets    [images + 1]                spots of image i are offsets[i] .. offsets[i + 1] - 1
 * cells      [cell_count][3][3]          known cells, rows a b c, angstrom, any orientation
 * found      [images][max_output_cells]  accepted lattices first, then candidates, best first; unused ones are zero
 * results    [images]
 * assignment [offsets[images]]           lattice of each spot: 0 none, k the k-th; may be NULL */
int32_t ewald_indexer_run(ewald_indexer* indexer, const ewald_indexer_params* params, const float* spots,
                          const uint32_t* offsets, uint32_t images, const float* cells, uint32_t cell_count,
                          ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment);
/* Stages of the first image of the latest run, of its first effort with its first known cell; for an indexer made with
 * `debug`. `stage` is an EWALD_STAGE. Gives the bytes of its records and copies them, as far as `capacity` goes, to
 * `out`, which may be NULL. */
int32_t ewald_indexer_stage(const ewald_indexer* indexer, uint32_t stage, void* out, size_t capacity, size_t* bytes);

/* Cells that one image shows by itself, without a known one: lattices that many of its spots obey, smallest first.
 * spots      [spot_count][3]       reciprocal vectors, 1/angstrom; at most 2^20
 * min_length, max_length           of a cell's edge, 1 to 1000 angstrom
 * cells      [capacity][3][3]      rows a b c, angstrom, some basis, laboratory frame; capacity is 1 to 64
 * explained  [capacity]            spots at a node, of the 400 of lowest resolution
 * count                            cells found */
int32_t ewald_cells_propose(const float* spots, uint32_t spot_count, float min_length, float max_length,
                            uint32_t capacity, float* cells, uint32_t* explained, uint32_t* count);

/* fft: planned transforms of any length, rank and layout; see cpp/fft. */
typedef struct ewald_fft ewald_fft;
int32_t ewald_fft_create(const ewald_fft_descriptor* descriptor, ewald_fft** plan);
void ewald_fft_destroy(ewald_fft* plan);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_fft_bytes(const ewald_fft* plan);
/* Elements that a run touches: of the input and output from their first to their last, of the workspace in complex
 * numbers. Forward sense. */
int32_t ewald_fft_sizes(const ewald_fft* plan, size_t* input, size_t* output, size_t* workspace);
/* Forward reads the input side and writes the output side, backward the reverse, for every kind: c2r forward reads half
 * a spectrum and writes real numbers. Nothing else is written, the input is kept unless it is the output. `workspace`
 * may be NULL when the plan holds its own. Allocates nothing. */
int32_t ewald_fft_execute(ewald_fft* plan, uint32_t direction, const void* in, void* out, void* workspace,
                          uint32_t scale);
/* For another thread than the one that executes. With `on` the run under way, and those that follow, end between two
 * blocks of lines, as if they were done, with the output half written; 0 takes it back. */
void ewald_fft_stop(ewald_fft* plan, uint32_t on);
/* The fraction of the latest run that is done, 0 to 1; of a single line it is not told. */
double ewald_fft_done(const ewald_fft* plan);

/* peaks: a peak finder on frames of one detector; see cpp/peaks. */
typedef struct ewald_peaks ewald_peaks;
/* panels [panels]          rectangles that are searched, none over another
 * bins   [height][width]   ring of every pixel, by its distance from the beam; 0xffff: takes no part */
int32_t ewald_peaks_create(const ewald_peaks_descriptor* descriptor, const ewald_peaks_panel* panels,
                           const uint16_t* bins, ewald_peaks** peaks);
void ewald_peaks_destroy(ewald_peaks* peaks);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_peaks_bytes(const ewald_peaks* peaks);
/* Rings there are: one more than the largest bin. */
uint32_t ewald_peaks_bins(const ewald_peaks* peaks);
/* frame  [height][width]   of the descriptor's dtype
 * bad    [height][width]   nonzero: bad in this frame; may be NULL
 * found  [max_peaks]       in the order of panels, rows, columns of their first pixels
 * limits [bins][4]         mean, sigma, lower and upper clip limit of every ring; may be NULL, and is but with peakfinder8 */
int32_t ewald_peaks_run(ewald_peaks* peaks, const ewald_peaks_params* params, const void* frame, const uint8_t* bad,
                        ewald_peak* found, uint32_t* count, float* limits);

/* udf: one pass of sums over frames; see cpp/udf. */
typedef struct ewald_udf ewald_udf;
/* steps   [steps]     pieces of work, in the order of their columns and planes
 * indices [indices]   spans ([first, end) pixels, rising, each within a row), sparse masks (starts, then pixels)
 * weights [weights]   dense masks [masks][height][width], weights of sparse ones; float64 weights are two words each,
 *                     begin at an even word, and need `weights` to be aligned to 8 bytes */
int32_t ewald_udf_create(const ewald_udf_descriptor* descriptor, const ewald_udf_step* steps, const uint32_t* indices,
                         const float* weights, ewald_udf** udf);
void ewald_udf_destroy(ewald_udf* udf);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_udf_bytes(const ewald_udf* udf);
/* Forgets the frames so far. */
int32_t ewald_udf_begin(ewald_udf* udf);
/* frames [count][height][width]   of the descriptor's dtype
 * nav    [count][columns]         sums of each frame */
int32_t ewald_udf_run(ewald_udf* udf, const void* frames, uint32_t count, double* nav);
/* sig    [planes][height][width]  sums over all frames since the beginning */
int32_t ewald_udf_end(ewald_udf* udf, double* sig);

/* merging: sums over observations of some crystals by unique reflection, and the refinement of these crystals against
 * the merge of all others; see cpp/merging. Nothing is kept between calls. Observations of crystal c are
 * offsets[c] .. offsets[c + 1] - 1; offsets begin at 0 and end at pass->observations. */
typedef struct {
  const int16_t *h, *k, *l;
  const float *intensity, *sigma;
  /* Unique reflection of each observation, below pass->unique. */
  const uint32_t* ids;
  /* [crystals + 1] */
  const uint32_t* offsets;
  /* [crystals][3][3], rows a* b* c*, 1/angstrom, laboratory frame */
  const double* reciprocal;
  /* [crystals]: angstrom; relative standard deviation of the spectrum */
  const double *wavelengths, *bandwidths;
} ewald_merging_columns;
typedef struct {
  /* [crystals][EWALD_MERGING_PARAMETERS]: ln G, B (angstrom^2), ln r (r in 1/angstrom), rotations about x and y */
  double* parameters;
  /* [crystals] */
  const double* weights;
  /* [crystals]; only crystals that are not 0 take part */
  const uint8_t* selected;
  /* Counts a photon; square of the error that is proportional to the intensity; centres of the priors of ln G, ln r. */
  double gain, proportional2, centre_scale, centre_radius;
} ewald_merging_fit;
/* sums [unique][pass->width]: sums of w g I and w g^2, or, with 4, the count, the sums of w g^2 and of its square, and that
 * of w times the squared deviation from `model` [unique], which may be NULL with 2: then w is 1/sigma^2. */
int32_t ewald_merging_sum(const ewald_merging_pass* pass, const ewald_merging_columns* columns,
                          const ewald_merging_fit* fit, const double* model, double* sums);
/* Refines fit->parameters in place. numerator and information [unique] are the sums that gave `model`. deviation2
 * [crystals]: mean squared deviation from what is expected; compared [crystals]: observations in it. excess
 * [observations]: what strong observations of each pass->every-th crystal say of the squared proportional error,
 * *excess_count of them. */
int32_t ewald_merging_refine(const ewald_merging_pass* pass, const ewald_merging_columns* columns,
                             const ewald_merging_fit* fit, const double* model, const double* numerator,
                             const double* information, double* deviation2, uint32_t* compared, double* excess,
                             uint32_t* excess_count);

/* data: codecs of detector frames; see cpp/data. `codec` is an EWALD_CODEC; element_bytes and the parameter mean what
 * the codec says, 0 where it has no use for them. Decoding fills exactly out_bytes or fails with EWALD_STATUS_DAMAGED,
 * when `out` holds anything; `in` and `out` must not overlap. */
int32_t ewald_codec_decode(uint32_t codec, uint32_t element_bytes, uint32_t parameter, const uint8_t* in,
                           size_t in_bytes, uint8_t* out, size_t out_bytes);
/* Bytes that `out` must have to encode in_bytes; 0 where the codec only decodes or the arguments are wrong. */
size_t ewald_codec_bound(uint32_t codec, uint32_t element_bytes, uint32_t parameter, size_t in_bytes);
int32_t ewald_codec_encode(uint32_t codec, uint32_t element_bytes, uint32_t parameter, const uint8_t* in,
                           size_t in_bytes, uint8_t* out, size_t capacity, size_t* written);
/* The Fletcher-32 that HDF5 puts behind a chunk; returns the sum itself. */
uint32_t ewald_fletcher32(const uint8_t* in, size_t in_bytes);
/* Turns the bytes of numbers of element_bytes (2, 4 or 8) round; `out` has `bytes` bytes as well and may be `in`. */
int32_t ewald_swap_bytes(const uint8_t* in, uint8_t* out, size_t bytes, uint32_t element_bytes);

#ifdef __cplusplus
}
#endif
#endif
