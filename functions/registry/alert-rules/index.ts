import type { AlertRuleDefinition } from '../alert-rule-definition.ts';
import { cartAbandoned } from './cart-abandoned.ts';
import { lapsingHighValue } from './lapsing-high-value.ts';
import { refundSurge } from './refund-surge.ts';
import { repeatContact } from './repeat-contact.ts';

/** Every alert rule, one file each. */
export const alertRules: readonly AlertRuleDefinition[] = [
  repeatContact,
  refundSurge,
  lapsingHighValue,
  cartAbandoned,
];
