/** The time of a kernel: a type of its own, since declarations that reach it know no WebGPU. */

/** Time of a kernel over all its passes. */
export interface KernelTime {
  readonly kernel: string;
  readonly ms: number;
  readonly passes: number;
}
