/* The C ABI of the CUDA backend. Status codes and parameter structs are those of cpp/include/ewald.h.
 * A context is one device and one stream. Calls on it may come from any thread and wait for each other. */
#ifndef EWALD_CUDA_H
#define EWALD_CUDA_H
#include "ewald.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ewald_cuda_context ewald_cuda_context;

typedef struct ewald_cuda_device_info {
  char name[256];
  int32_t index;
  int32_t compute_major, compute_minor;
  int32_t multiprocessors;
  uint64_t total_bytes, free_bytes;        /* device memory; free_bytes is 0 unless the device is open */
  int32_t driver_version, runtime_version; /* 13000 is CUDA 13.0 */
} ewald_cuda_device_info;

/* Describes this machine. A missing driver is not a failure: devices is then 0 and ewald_cuda_last_error gives the
 * reason. */
int32_t ewald_cuda_probe(int32_t* devices, int32_t* driver_version, int32_t* runtime_version);
/* For any device, open or not; allocates nothing on it. */
int32_t ewald_cuda_device(int32_t index, ewald_cuda_device_info* info);
int32_t ewald_cuda_open(int32_t index, ewald_cuda_context** context);
/* Waits for the context's work, then frees the context. */
int32_t ewald_cuda_close(ewald_cuda_context* context);
int32_t ewald_cuda_info(ewald_cuda_context* context, ewald_cuda_device_info* info);
/* Device bytes that the context currently holds. */
uint64_t ewald_cuda_live_bytes(const ewald_cuda_context* context);
/* Solves a small problem for each mechanism that the kernels rely on. `faults` receives a line for each mechanism that
 * fails, "NAME\tREASON\n" with the names of src/compute/backends/mechanisms.ts; it is empty if none fails. 1024 bytes
 * suffice. */
int32_t ewald_cuda_self_test(ewald_cuda_context* context, char* faults, size_t capacity);
/* One line about the last failure on this thread; never NULL. */
const char* ewald_cuda_last_error(void);

/* pi: see cuda/pi. Returns when the count is available. */
int32_t ewald_cuda_pi_count(ewald_cuda_context* context, const ewald_pi_params* params, uint64_t* hits);

/* indexing: see cuda/indexing; shapes are those of ewald_indexer_run. Memory is fixed at creation; the context must
 * outlive its indexers. A handle holds several batches at a time (lanes): runs may come from this many threads at once,
 * and while the GPU works on one batch another is copied to and from page-locked memory. */
typedef struct ewald_cuda_indexer ewald_cuda_indexer;
typedef struct ewald_cuda_indexer_info {
  uint64_t max_batch_spots;
  uint64_t device_bytes, host_bytes; /* what the handle holds; the host's are page-locked */
  uint32_t lanes;
  ewald_indexer_descriptor descriptor;
} ewald_cuda_indexer_info;
int32_t ewald_cuda_indexer_create(ewald_cuda_context* context, const ewald_indexer_descriptor* descriptor,
                                  uint64_t max_batch_spots, ewald_cuda_indexer** indexer);
void ewald_cuda_indexer_destroy(ewald_cuda_indexer* indexer);
void ewald_cuda_indexer_describe(const ewald_cuda_indexer* indexer, ewald_cuda_indexer_info* info);
/* Returns when the results are available; waits for a lane if all are in use. */
int32_t ewald_cuda_indexer_run(ewald_cuda_indexer* indexer, const ewald_indexer_params* params, const float* spots,
                               const uint32_t* offsets, uint32_t images, const float* cells, uint32_t cell_count,
                               ewald_indexed_cell* found, ewald_image_result* results, uint8_t* assignment);
/* Same as ewald_indexer_stage; not during a run. */
int32_t ewald_cuda_indexer_stage(ewald_cuda_indexer* indexer, uint32_t stage, void* out, size_t capacity,
                                 size_t* bytes);

/* fft: see cuda/fft; the descriptor and the meaning of forward and backward are those of ewald_fft_create. The handle
 * holds device memory for both sides. The context must outlive its transforms. */
typedef struct ewald_cuda_fft ewald_cuda_fft;
typedef struct ewald_cuda_fft_info {
  uint64_t input_bytes, output_bytes; /* from the first to the last element of a side */
  uint64_t device_bytes;              /* bytes that a handle holds */
  uint64_t bytes_read[2],
      bytes_written[2]; /* forward, backward: device memory traffic of the passes, in sectors of 32 bytes */
  uint32_t passes[2];
  /* Consecutive passes may run slab by slab: the number of slabs (1: they do not), and the part of the bytes above that
   * should then stay in the L2 cache */
  uint32_t slabs[2];
  uint64_t bytes_kept[2];
} ewald_cuda_fft_info;
/* Describes a transform without creating it. */
int32_t ewald_cuda_fft_describe(ewald_cuda_context* context, const ewald_fft_descriptor* descriptor,
                                ewald_cuda_fft_info* info);
int32_t ewald_cuda_fft_create(ewald_cuda_context* context, const ewald_fft_descriptor* descriptor,
                              ewald_cuda_fft** plan);
void ewald_cuda_fft_destroy(ewald_cuda_fft* plan);
/* Each side is host memory, or device memory of the context if `on_device` is set; returns when the result is
 * available. Only the output's elements are changed. In place both sides are the same memory. With both sides on the
 * device and NO_WAIT it returns when the work is submitted: later calls on the context run after it, and they report
 * faults of the kernels. */
#define EWALD_CUDA_INPUT_ON_DEVICE 1u
#define EWALD_CUDA_OUTPUT_ON_DEVICE 2u
#define EWALD_CUDA_NO_WAIT 4u
int32_t ewald_cuda_fft_execute(ewald_cuda_fft* plan, uint32_t direction, const void* in, void* out, uint32_t on_device,
                               uint32_t scale);

/* Page-locked memory of the host, zeroed, which runs read without copying it first; the context must outlive it. Both
 * functions may be called from any thread. */
int32_t ewald_cuda_pin(ewald_cuda_context* context, size_t bytes, void** memory);
void ewald_cuda_unpin(void* memory);

/* peaks: see cuda/peaks; shapes are those of ewald_peaks_run. Memory on the device is fixed at creation; page-locked
 * memory for a frame is added by the first run whose frame is not page-locked itself. The context must outlive its
 * finders. One run at a time per handle; runs of several handles overlap. */
typedef struct ewald_cuda_peaks ewald_cuda_peaks;
typedef struct ewald_cuda_peaks_info {
  uint64_t device_bytes, host_bytes; /* what the handle holds; the host's are page-locked */
  uint32_t rings, pad;
  ewald_peaks_descriptor descriptor;
} ewald_cuda_peaks_info;
int32_t ewald_cuda_peaks_create(ewald_cuda_context* context, const ewald_peaks_descriptor* descriptor,
                                const ewald_peaks_panel* panels, const uint16_t* bins, ewald_cuda_peaks** peaks);
void ewald_cuda_peaks_destroy(ewald_cuda_peaks* peaks);
void ewald_cuda_peaks_describe(const ewald_cuda_peaks* peaks, ewald_cuda_peaks_info* info);
int32_t ewald_cuda_peaks_run(ewald_cuda_peaks* peaks, const ewald_peaks_params* params, const void* frame,
                             const uint8_t* bad, const ewald_peak** found, uint32_t* count, float* limits,
                             double* sums);

/* Frames of a finder that are sent as a file has packed them (bitshuffle and LZ4), searched where they are decoded, and
 * kept there: of their pixels only squares of 8 to a side come back, numbered row by row, to their places in a whole
 * frame; the pixels of others in it stay as they are. Blocks of less than 1 or more than 32 KiB are a LIMIT, a damaged
 * chunk is DAMAGED. A chunk in page-locked memory is read where it is. A frame serves all finders of its size and
 * device; the context must outlive it. One call at a time per frame. */
typedef struct ewald_cuda_frame ewald_cuda_frame;
typedef struct ewald_cuda_frame_info {
  uint64_t device_bytes, host_bytes, frame_bytes;
} ewald_cuda_frame_info;
int32_t ewald_cuda_frame_create(ewald_cuda_peaks* peaks, ewald_cuda_frame** frame);
void ewald_cuda_frame_destroy(ewald_cuda_frame* frame);
void ewald_cuda_frame_describe(const ewald_cuda_frame* frame, ewald_cuda_frame_info* info);
int32_t ewald_cuda_frame_search(ewald_cuda_frame* frame, ewald_cuda_peaks* peaks, const uint8_t* chunk, uint64_t bytes,
                                const ewald_peaks_params* params, const ewald_peak** found, uint32_t* count,
                                float* limits, double* sums);
int32_t ewald_cuda_frame_tiles(ewald_cuda_frame* frame, const uint32_t* tiles, uint32_t count, void* out);


/* udf: see cuda/udf; the descriptor and the order of the results are those of ewald_udf_create. Memory is fixed at
 * creation; the context must outlive its passes. One run at a time per handle. */
typedef struct ewald_cuda_udf ewald_cuda_udf;
typedef struct ewald_cuda_udf_info {
  uint64_t device_bytes, host_bytes; /* what the handle holds; the host's are page-locked */
  uint32_t columns, planes;
  ewald_udf_descriptor descriptor;
} ewald_cuda_udf_info;
int32_t ewald_cuda_udf_create(ewald_cuda_context* context, const ewald_udf_descriptor* descriptor,
                              const ewald_udf_step* steps, const uint32_t* indices, const float* weights,
                              ewald_cuda_udf** udf);
void ewald_cuda_udf_destroy(ewald_cuda_udf* udf);
void ewald_cuda_udf_describe(const ewald_cuda_udf* udf, ewald_cuda_udf_info* info);
/* A whole run: frames are host memory, or device memory of the context if `on_device` is not 0; returns when nav
 * ([frames, columns]) and sig ([planes, pixels]) are available. */
int32_t ewald_cuda_udf_run(ewald_cuda_udf* udf, const void* frames, uint32_t on_device, uint64_t count, double* nav,
                           double* sig);

/* Corrections of frames in host memory: see cuda/udf; the descriptor and the tables are those of
 * ewald_correction_create. The context must outlive its corrections. One run at a time per handle. */
typedef struct ewald_cuda_correction ewald_cuda_correction;
int32_t ewald_cuda_correction_create(ewald_cuda_context* context, const ewald_correction_descriptor* descriptor,
                                     const double* dark, const double* gain, const uint8_t* mask, const double* limits,
                                     ewald_cuda_correction** correction);
void ewald_cuda_correction_destroy(ewald_cuda_correction* correction);
/* Device bytes that the handle holds. */
uint64_t ewald_cuda_correction_bytes(const ewald_cuda_correction* correction);
int32_t ewald_cuda_correction_run(ewald_cuda_correction* correction, const void* frames, uint64_t count, void* out);

/* data: see cuda/frames. Chunks of bitshuffle and LZ4, each of which is a frame of `frame_bytes` of elements of 1, 2 or 4
 * bytes, in blocks of at most `block_bytes`; damaged ones are refused as by ewald_codec_decode. Frames go to host
 * memory, or, if the decoder `keeps` them, to device memory of the context. Memory is fixed at creation; the context
 * must outlive its decoders. One run at a time per handle. */
typedef struct ewald_cuda_decoder ewald_cuda_decoder;
typedef struct ewald_cuda_decoder_info {
  uint64_t device_bytes, host_bytes; /* what the handle holds; the host's are page-locked */
  uint64_t frame_bytes;
} ewald_cuda_decoder_info;
int32_t ewald_cuda_decoder_create(ewald_cuda_context* context, uint64_t frame_bytes, uint32_t element_bytes,
                                  uint32_t block_bytes, uint32_t keeps, ewald_cuda_decoder** decoder);
void ewald_cuda_decoder_destroy(ewald_cuda_decoder* decoder);
void ewald_cuda_decoder_describe(const ewald_cuda_decoder* decoder, ewald_cuda_decoder_info* info);
int32_t ewald_cuda_decoder_run(ewald_cuda_decoder* decoder, const uint8_t* const* chunks, const uint64_t* bytes,
                               uint64_t count, void* out, uint32_t on_device);

/* Device memory that persists between calls; initially zero. The context must outlive it. */
typedef struct ewald_cuda_array ewald_cuda_array;
int32_t ewald_cuda_array_create(ewald_cuda_context* context, uint64_t bytes, ewald_cuda_array** array);
/* `bytes` of another library's memory on the context's device, a multiple of 16 as address: neither cleared, counted nor
 * freed. It must live until the array is destroyed. */
int32_t ewald_cuda_array_wrap(ewald_cuda_context* context, void* memory, uint64_t bytes, ewald_cuda_array** array);
void ewald_cuda_array_destroy(ewald_cuda_array* array);
void* ewald_cuda_array_memory(const ewald_cuda_array* array);
int32_t ewald_cuda_array_write(ewald_cuda_array* array, uint64_t offset, const void* from, uint64_t bytes);
int32_t ewald_cuda_array_read(ewald_cuda_array* array, uint64_t offset, void* into, uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
