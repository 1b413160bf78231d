/* The C ABI of the ewald core: one header for the wasm module, the native addon and every test.
 *
 * It uses opaque handles, status codes, and pointers with lengths. Sizes are in elements unless a name says bytes;
 * nothing is written beyond them. Unless documented otherwise, every function returns an ewald_status (0 is success);
 * after a failure ewald_last_error() holds one line about it. The caller that creates a handle destroys it. A handle
 * may be used from any thread, but by only one thread at a time. */
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

/* Version of this header, EWALD_ABI_VERSION; a loader refuses any other version. */
uint32_t ewald_abi_version(void);
/* One line about the last failure on this thread; never NULL, owned by the core. */
const char* ewald_last_error(void);
/* Bytes that the core currently holds: memory from ewald_alloc and the memory of every handle. */
size_t ewald_live_bytes(void);
/* 64-byte aligned memory, counted in ewald_live_bytes; NULL when out of memory. ewald_free accepts NULL. */
void* ewald_alloc(size_t bytes);
void ewald_free(void* memory);
/* Name of the instruction set that the core uses on this machine: simd128, avx512, avx2, sse2 or neon. Owned by the
 * core. */
const char* ewald_instruction_set(void);
/* Number of threads that a call uses when its thread count is 0. */
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
 * offsets    [images + 1]                image i has the spots offsets[i] .. offsets[i + 1] - 1
 * cells      [cell_count][3][3]          known cells, rows a b c, angstrom, any orientation
 * found      [images][max_output_cells]  accepted lattices, then candidates, best first; unused entries are zero
 * results    [images]
 * assignment [offsets[images]]           lattice of each spot: 0 for none, k for the k-th; may be NULL */
int32_t ewald_indexer_run(ewald_indexer* indexer, const ewald_indexer_params* params, const float* spots,
                          const uint32_t* offsets, uint32_t images, const float* cells, uint32_t cell_count,
                          ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment);
/* Only names the axes of lattices that another implementation has found, as ewald_indexer_run does at its end:
 * `found`, `results` and `assignment` are those of a run with the same arguments, and are changed where known cells
 * that are nearly more symmetric than they are leave a choice. */
int32_t ewald_indexer_name(ewald_indexer* indexer, const ewald_indexer_params* params, const float* spots,
                           const uint32_t* offsets, uint32_t images, const float* cells, uint32_t cell_count,
                           ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment);
/* Records of one stage of the latest run, for an indexer created with `debug`: of its first image, first effort and
 * first known cell. `stage` is an EWALD_STAGE. Sets `bytes` to the size of the records and copies up to `capacity`
 * bytes of them to `out`, which may be NULL. */
int32_t ewald_indexer_stage(const ewald_indexer* indexer, uint32_t stage, void* out, size_t capacity, size_t* bytes);

/* Few spots of small cells: orientations and their odds, with the errors of each spot; see cpp/indexing. */
typedef struct ewald_few ewald_few;
int32_t ewald_few_create(uint32_t threads, ewald_few** few);
void ewald_few_destroy(ewald_few* few);
/* Bytes held by the handle; they grow with the nodes of the cells. */
size_t ewald_few_bytes(const ewald_few* few);
/* As ewald_indexer_run, for the images whose wavelength is above 0; of the others nothing is written.
 * wavelengths [images]  angstrom, or 0; the beam is along z
 * found       [images][params->max_output_cells] */
int32_t ewald_few_run(ewald_few* few, const ewald_few_params* params, const float* spots, const uint32_t* offsets,
                      const float* wavelengths, uint32_t images, const float* cells, uint32_t cell_count,
                      ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment);

/* Proposes cells for one image without a known cell: lattices that many of its spots fit, smallest first.
 * spots      [spot_count][3]       reciprocal vectors, 1/angstrom; at most 2^20
 * min_length, max_length           limits of a cell's edges, 1 to 1000 angstrom
 * cells      [capacity][3][3]      rows a b c, angstrom, any basis, laboratory frame; capacity is 1 to 64
 * explained  [capacity]            spots at a node, among the 400 spots of lowest resolution
 * count                            number of cells found */
int32_t ewald_cells_propose(const float* spots, uint32_t spot_count, float min_length, float max_length,
                            uint32_t capacity, float* cells, uint32_t* explained, uint32_t* count);

/* fft: planned transforms of any length, rank and layout; see cpp/fft. */
typedef struct ewald_fft ewald_fft;
int32_t ewald_fft_create(const ewald_fft_descriptor* descriptor, ewald_fft** plan);
void ewald_fft_destroy(ewald_fft* plan);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_fft_bytes(const ewald_fft* plan);
/* Elements that a forward run touches: the input and output from first to last element, the workspace in complex
 * numbers. */
int32_t ewald_fft_sizes(const ewald_fft* plan, size_t* input, size_t* output, size_t* workspace);
/* For every kind, forward reads the input side and writes the output side, and backward does the reverse: c2r forward
 * reads half a spectrum and writes real numbers. Nothing else is written, and the input is preserved unless it is also
 * the output. `workspace` may be NULL when the plan has its own. Allocates nothing. */
int32_t ewald_fft_execute(ewald_fft* plan, uint32_t direction, const void* in, void* out, void* workspace,
                          uint32_t scale);
/* To be called from a thread other than the one that executes. With a nonzero `on`, the current run and all later runs
 * end between two blocks of lines as if they were done, with the output partly written; 0 cancels the request. */
void ewald_fft_stop(ewald_fft* plan, uint32_t on);
/* The completed fraction of the latest run, 0 to 1; no progress is reported for a single line. */
double ewald_fft_done(const ewald_fft* plan);

/* peaks: a peak finder on frames of one detector; see cpp/peaks. */
typedef struct ewald_peaks ewald_peaks;
/* panels [panels]          rectangles to search, without overlaps
 * bins   [height][width]   ring of every pixel, by its distance from the beam; 0xffff: ignored */
int32_t ewald_peaks_create(const ewald_peaks_descriptor* descriptor, const ewald_peaks_panel* panels,
                           const uint16_t* bins, ewald_peaks** peaks);
void ewald_peaks_destroy(ewald_peaks* peaks);
/* Bytes held by the handle; they grow when a frame has more peaks than any before, and by four for each pixel when a
 * frame first has a ring that has to be judged pixel by pixel. */
size_t ewald_peaks_bytes(const ewald_peaks* peaks);
/* Number of rings: one more than the largest bin. */
uint32_t ewald_peaks_bins(const ewald_peaks* peaks);
/* frame  [height][width]   of the descriptor's dtype
 * bad    [height][width]   nonzero: bad in this frame; may be NULL
 * found  [count]           in the order of their first pixels: by panel, row, column; memory of the handle, valid
 *                          until its next run
 * limits [bins][4]         mean, sigma, lower and upper clip limit of every ring; may be NULL; peakfinder8 only
 * sums   [2 bins + 1025]   over all good pixels of every ring, none clipped: their sum; then their number; then the
 *                          number of pixels that are bad in this frame only, and the first 1024 of them in any order;
 *                          may be NULL; peakfinder8 and descriptors with sums_only */
int32_t ewald_peaks_run(ewald_peaks* peaks, const ewald_peaks_params* params, const void* frame, const uint8_t* bad,
                        const ewald_peak** found, uint32_t* count, float* limits, double* sums);

/* Sums of counts over stretches of rows of a frame of integers, of which regions consist; see cpp/peaks.
 * frame      [height][width]   of the dtype
 * spans      [spans]
 * range      [2]               smaller and greater values are no counts
 * limits     [spans]           counts above are saturated, and in the maximum alone
 * saturation [height][width]   the same of each pixel; may be NULL
 * sums       [regions][9]      pixels, maximum (-2^63 without a count), sum; then, in two words each, the lower first,
 *                              the sums of counts times fs and times ss, and of squares */
int32_t ewald_spans_sum(const ewald_spans_params* params, const void* frame, const ewald_span* spans,
                        const double* range, const double* limits, const float* saturation, int64_t* sums);

/* udf: one pass that computes sums over frames; see cpp/udf. */
typedef struct ewald_udf ewald_udf;
/* steps   [steps]     the steps of the pass, in the order of their columns and planes
 * indices [indices]   spans ([first, end) pixels, ascending, each within a row), sparse masks (starts, then pixels)
 * weights [weights]   dense masks [masks][height][width], weights of sparse masks; a float64 weight is two words,
 *                     starts at an even word, and requires `weights` to be aligned to 8 bytes */
int32_t ewald_udf_create(const ewald_udf_descriptor* descriptor, const ewald_udf_step* steps, const uint32_t* indices,
                         const float* weights, ewald_udf** udf);
void ewald_udf_destroy(ewald_udf* udf);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_udf_bytes(const ewald_udf* udf);
/* Discards the sums of all earlier frames. */
int32_t ewald_udf_begin(ewald_udf* udf);
/* frames [count][height][width]   of the descriptor's dtype
 * nav    [count][columns]         the sums of each frame */
int32_t ewald_udf_run(ewald_udf* udf, const void* frames, uint32_t count, double* nav);
/* sig    [planes][height][width]  sums over all frames since ewald_udf_begin */
int32_t ewald_udf_end(ewald_udf* udf, double* sig);

/* disks: positions of diffraction disks by correlation with a pattern; see cpp/udf/disks.h. */
typedef struct ewald_disks ewald_disks;
/* pattern [2 search][2 search], or [height][width] for full correlation; its middle is at half the sides */
int32_t ewald_disks_create(const ewald_disks_descriptor* descriptor, const float* pattern, ewald_disks** disks);
void ewald_disks_destroy(ewald_disks* disks);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_disks_bytes(const ewald_disks* disks);
/* frames     [count][height][width]  of the descriptor's dtype
 * peaks      [peaks][2]              expected positions (y, x), of all frames; or [count][peaks][2] if `each` is not 0
 * centers    [count][peaks][2]       maxima of the correlation
 * refineds   [count][peaks][2]       the same, refined; like the following NaN if a pixel is not finite
 * heights    [count][peaks]          correlation at the maximum
 * elevations [count][peaks]          slope of the steepest cone from there that lies above the correlation */
int32_t ewald_disks_run(ewald_disks* disks, const void* frames, uint32_t count, const int32_t* peaks, uint32_t each,
                        int32_t* centers, float* refineds, float* heights, float* elevations);

/* Corrections of frames: dark frame, gain and bad pixels; see cpp/udf.
 * dark, gain [pixels]       subtracted, then multiplied; may be NULL
 * mask       [pixels]       nonzero: bad in every frame; may be NULL
 * limits     [2 + markers]  bad in a frame: values above the first, below the second, equal to a marker */
typedef struct ewald_correction ewald_correction;
int32_t ewald_correction_create(const ewald_correction_descriptor* descriptor, const double* dark, const double* gain,
                                const uint8_t* mask, const double* limits, ewald_correction** correction);
void ewald_correction_destroy(ewald_correction* correction);
/* Bytes held by the handle, fixed at creation. */
size_t ewald_correction_bytes(const ewald_correction* correction);
/* frames [count][pixels]  of the descriptor's dtype
 * out    [count][pixels]  float32, or float64 if the descriptor is wide */
int32_t ewald_correction_run(ewald_correction* correction, const void* frames, uint32_t count, void* out);

/* merging: sums over the observations of some crystals by unique reflection, and the refinement of these crystals
 * against the merge of all others; see cpp/merging. No state is kept between calls. Crystal c has the observations
 * offsets[c] .. offsets[c + 1] - 1; offsets start at 0 and end at pass->observations. */
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
  /* [crystals]; crystals with 0 are skipped */
  const uint8_t* selected;
  /* Counts per photon; square of the error proportional to the intensity; centres of the priors of ln G and ln r. */
  double gain, proportional2, centre_scale, centre_radius;
} ewald_merging_fit;
/* sums [unique][pass->width]: with a width of 2, the sums of w g I and w g^2; with 4, the count, the sums of w g^2 and
 * of its square, and the sum of w times the squared deviation from `model` [unique]. With 2 `model` may be NULL: then w
 * is 1/sigma^2. */
int32_t ewald_merging_sum(const ewald_merging_pass* pass, const ewald_merging_columns* columns,
                          const ewald_merging_fit* fit, const double* model, double* sums);
/* Refines fit->parameters in place. numerator and information [unique] are the sums that gave `model`. deviation2
 * [crystals]: mean squared deviation from the expected intensities; compared [crystals]: number of observations in this
 * mean. excess [observations]: estimates of the squared proportional error from the strong observations of each
 * pass->every-th crystal, *excess_count of them. */
int32_t ewald_merging_refine(const ewald_merging_pass* pass, const ewald_merging_columns* columns,
                             const ewald_merging_fit* fit, const double* model, const double* numerator,
                             const double* information, double* deviation2, uint32_t* compared, double* excess,
                             uint32_t* excess_count);

/* data: codecs of detector frames; see cpp/frames. `codec` is an EWALD_CODEC; the codec defines the meaning of
 * element_bytes and the parameter, which are 0 where it does not use them. Decoding fills exactly out_bytes or fails
 * with EWALD_STATUS_DAMAGED, in which case the content of `out` is undefined; `in` and `out` must not overlap. */
int32_t ewald_codec_decode(uint32_t codec, uint32_t element_bytes, uint32_t parameter, const uint8_t* in,
                           size_t in_bytes, uint8_t* out, size_t out_bytes);
/* Required size of `out` to encode in_bytes; 0 if the codec only decodes or the arguments are invalid. */
size_t ewald_codec_bound(uint32_t codec, uint32_t element_bytes, uint32_t parameter, size_t in_bytes);
int32_t ewald_codec_encode(uint32_t codec, uint32_t element_bytes, uint32_t parameter, const uint8_t* in,
                           size_t in_bytes, uint8_t* out, size_t capacity, size_t* written);
/* The Fletcher-32 checksum that HDF5 appends to a chunk; returns the checksum itself. */
uint32_t ewald_fletcher32(const uint8_t* in, size_t in_bytes);
/* Reverses the bytes of each number of element_bytes (2, 4 or 8); `out` has `bytes` bytes as well and may be `in`. */
int32_t ewald_swap_bytes(const uint8_t* in, uint8_t* out, size_t bytes, uint32_t element_bytes);
/* Raw words of a JUNGFRAU to quarter photons: bits 15 and 14 are the gain stage (0, 1 and 3 are G0, G1 and G2), the others
 * its ADC, and out = round((adc - pedestal) * factor) in float32, halves to even, within -32767 and 32767; -32768 where the
 * pedestal is NaN, and 32767 in G2 for an ADC of 0. `pedestals` and `factors` have [3][n] numbers; bit s of `stages` says
 * whether there are some of stage s. `bad` is the first word whose stage has none (code 2 never has), or n; if there is
 * one, the content of `out` is undefined. Arrays must not overlap. */
int32_t ewald_convert_words(const uint16_t* words, const float* pedestals, const float* factors, uint32_t stages, size_t n,
                            int16_t* out, size_t* bad);

#ifdef __cplusplus
}
#endif
#endif
