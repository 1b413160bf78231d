/** Phrases that read as translated or are hard to understand, each with suggested replacements. */
export interface Phrase {
  readonly pattern: RegExp;
  readonly better: string;
}

export const phrases: readonly Phrase[] = [
  { pattern: /\bneeded (is|are)\b/i, better: 'expected …' },
  { pattern: /\b(is|are) told\b/, better: 'is reported; receives; is given' },
  { pattern: /\bwho names\b/i, better: 'to choose …, name …' },
  { pattern: /\bnobody (asks|tells|says|knows|names|wants|has|gives|reads|needs)\b/, better: 'unknown; unset; unused' },
  { pattern: /\bno one\b/, better: 'unknown; unused' },
  { pattern: /\b(and|,) those that\b/, better: 'name them: "and frames that …"' },
  { pattern: /\b(is|are) said\b/, better: 'is stated; is reported' },
  { pattern: /\b(says|said|say|saying) so\b/, better: 'reports it; states it' },
  { pattern: /\bstands? (beside|behind|before|beneath)\b/, better: 'is next to; follows; precedes' },
  { pattern: /\bleft out\b/, better: 'skipped; omitted' },
  { pattern: /\bis not to\b/, better: 'must not' },
  { pattern: /\b(is|are) to be\b/, better: 'must be; will be' },
  { pattern: /\bof (its|their|his|one's|your) own\b/, better: 'its own …; a separate …' },
  { pattern: /\bbegun\b/, better: 'started' },
  { pattern: /\bstrangers?\b/, better: 'unknown …; foreign …; other …' },
  { pattern: /\bgo(es)? away\b/, better: 'is removed; ends; is lost' },
  { pattern: /\bgiven? back\b|\bgives? back\b/, better: 'returned; freed; released' },
  { pattern: /\bwhoever\b/i, better: 'the caller; the user; the owner' },
  { pattern: /\bis none\b|\bare none\b/, better: 'there is no …; is not a …' },
  { pattern: /\bthat is there\b|\bnot there\b/, better: 'exists; does not exist; missing' },
  { pattern: /\bso many\b/, better: 'this many; name the number' },
  { pattern: /\bnowhere\b/, better: 'not in any …' },
  { pattern: /\btaken for\b/, better: 'treated as; mistaken for' },
  { pattern: /\bas it stands\b/, better: 'unchanged; as is' },
  { pattern: /\blets? go\b/, better: 'releases' },
  { pattern: /\baloud\b/, better: 'with a warning' },
  { pattern: /\bno more of\b|\bis no more\b/, better: 'no longer exists' },
  { pattern: /\bhitherto\b|\bthere(of|by|upon)\b|\bwhere(of|by|upon)\b/i, better: 'so far; of it; by which' },
  { pattern: /\bwhen it is first asked\b/, better: 'on first use' },
];
