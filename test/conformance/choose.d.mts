export function kernelsOfTransforms(): Promise<Map<string, string[]>>;
export function candidates(
  backend: string,
  kernels?: ReadonlyMap<string, readonly string[]>,
): { id: string; features: string[]; cost: number }[];
export function caught(backend: string): Record<string, string>;
