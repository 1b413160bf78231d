export const minutes: { readonly first: number; readonly whole: number };
interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly tags?: readonly string[] }[];
  }[];
}
export function countReport(
  report: Report,
  tier: 'first' | 'rest' | 'whole',
): { passed: number; failed: number; skipped: number; later: number };
export function hashOfTree(): Promise<string | undefined>;
