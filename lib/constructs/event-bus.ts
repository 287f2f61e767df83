import { EventBus, IncludeDetail, Level } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** Where transitions (segments entered and left, alerts) are announced to the operational systems of this account. */
export class TransitionsBus extends Construct {
  readonly bus: EventBus;

  /** The name is fixed, because the data key's policy names the bus and the bus names the key. */
  constructor(scope: Construct, id: string, props: { readonly code: string; readonly key: IKey }) {
    super(scope, id);
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: `rapport-${props.code}`,
      description: 'Rapport: transitions of subjects, by subject id',
      kmsKey: props.key,
      // Events name subjects, and logs must not (law 10).
      logConfig: { includeDetail: IncludeDetail.NONE, level: Level.OFF },
    });
  }
}
