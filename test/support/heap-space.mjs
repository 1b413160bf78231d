/** The size of the C heap; undefined if the library does not report it (only glibc 2.33 and later do). */
import koffi from 'koffi';

const fields = 'arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost'.split(' ');
const mallinfo = (() => {
  try {
    const shape = koffi.struct('mallinfo2', Object.fromEntries(fields.map((field) => [field, 'size_t'])));
    return koffi.load('libc.so.6').func('mallinfo2', shape, []);
  } catch {
    return undefined;
  }
})();

/**
 * Allocated bytes, exact, so that a leak shows at once; and free bytes between the allocated blocks, which malloc_trim
 * removes from the resident set: an allocator that cannot reuse its gaps takes new memory for every plan.
 */
export const heapSpace =
  mallinfo &&
  (() => {
    const { uordblks, hblkhd, fordblks } = mallinfo();
    return { used: Number(uordblks) + Number(hblkhd), free: Number(fordblks) };
  });
