export const minutes: { readonly first: number; readonly whole: number };
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly tags?: readonly string[];
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}
export function countReport(
  report: Report,
  tier: 'first' | 'rest' | 'whole',
): { passed: number; failed: number; skipped: number; later: number; names: string[] };
export function hashOfTree(): Promise<string | undefined>;
