/** What this process holds once garbage is collected; needs node --expose-gc. */
export async function measure() {
  if (!globalThis.gc) throw new Error('needs node --expose-gc');
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    // Finalizers and the release of wasm memories run in tasks of their own.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { rss, heapUsed, external, arrayBuffers };
}
