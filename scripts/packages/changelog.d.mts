export function changelogOf(
  text: string,
  version: string,
): { readonly changes: string; readonly date: string | undefined };
