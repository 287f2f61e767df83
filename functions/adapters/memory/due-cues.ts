import type { EpochMs } from '../../kernel/time.ts';
import type { DueCue, FallenDue } from '../../pipeline/understand/ports.ts';

/** Absence cues in memory, with the same behaviour as the real ones; for unit and property tests. */
export class MemoryDueCues {
  readonly armed = new Map<string, FallenDue>();

  arm = async (cues: readonly DueCue[]): Promise<void> => {
    for (const cue of cues) {
      const slot = String(cue.dueAt);
      this.armed.set(`${slot} ${cue.subjectId}`, { ...cue, slot });
    }
  };

  async *due(now: EpochMs): AsyncGenerator<readonly FallenDue[]> {
    const fallen = [...this.armed.values()]
      .filter((cue) => cue.dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt);
    if (fallen.length > 0) yield fallen;
  }

  forget = async (cues: readonly FallenDue[]): Promise<void> => {
    for (const cue of cues) this.armed.delete(`${cue.slot} ${cue.subjectId}`);
  };
}
