import type { Json } from '../template/template.ts';

interface Statement {
  readonly Effect?: string;
  readonly Action?: string | readonly string[];
}

/** The actions that each role's policies allow, by role name. Resources and conditions are not looked at: this finds
 * a forgotten grant before a deploy, and is no access control. */
export class Grants {
  readonly #patterns = new Map<string, Set<string>>();

  /** Adds the `Allow` statements of a policy document. */
  add(role: string, document: Json): void {
    const statements = (document as { Statement?: Statement | readonly Statement[] } | null)?.Statement ?? [];
    const patterns = this.#patterns.get(role) ?? new Set<string>();
    for (const statement of [statements].flat() as readonly Statement[]) {
      if (statement.Effect === 'Allow')
        for (const action of [statement.Action ?? []].flat()) patterns.add(action);
    }
    this.#patterns.set(role, patterns);
  }

  /** Whether some policy of the role allows the action (`*` and `?` match as in IAM). */
  allows(role: string, action: string): boolean {
    for (const pattern of this.#patterns.get(role) ?? []) if (matchesAction(pattern, action)) return true;
    return false;
  }
}

const matchesAction = (pattern: string, action: string): boolean => {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 'i').test(action);
};
