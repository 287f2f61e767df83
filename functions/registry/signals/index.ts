import type { SignalDefinition } from '../signal-definition.ts';
import { accountUpdated } from './account-updated.ts';
import { cartViewed } from './cart-viewed.ts';
import { checkoutStarted } from './checkout-started.ts';
import { consentChanged } from './consent-changed.ts';
import { consentPreferenceUpdated } from './consent-preference-updated.ts';
import { contactReceived } from './contact-received.ts';
import { identityLinked } from './identity-linked.ts';
import { interactionFlagged } from './interaction-flagged.ts';
import { orderCompleted } from './order-completed.ts';
import { orderRefunded } from './order-refunded.ts';
import { pageViewed } from './page-viewed.ts';
import { productAdded } from './product-added.ts';
import { productListViewed } from './product-list-viewed.ts';
import { productRemoved } from './product-removed.ts';
import { productViewed } from './product-viewed.ts';
import { productsSearched } from './products-searched.ts';
import { shipmentDelayed } from './shipment-delayed.ts';
import { shipmentDelivered } from './shipment-delivered.ts';
import { shipmentDispatched } from './shipment-dispatched.ts';
import { surveyAnswered } from './survey-answered.ts';
import { ticketEscalated } from './ticket-escalated.ts';
import { ticketOpened } from './ticket-opened.ts';
import { ticketResolved } from './ticket-resolved.ts';
import { usageRecorded } from './usage-recorded.ts';

/** Every signal of the catalogue. A new one is one file in this folder and one line here. */
export const signals: readonly SignalDefinition[] = [
  orderCompleted,
  orderRefunded,
  pageViewed,
  productViewed,
  productListViewed,
  productsSearched,
  productAdded,
  productRemoved,
  cartViewed,
  checkoutStarted,
  usageRecorded,
  accountUpdated,
  identityLinked,
  consentChanged,
  consentPreferenceUpdated,
  interactionFlagged,
  ticketOpened,
  ticketEscalated,
  ticketResolved,
  contactReceived,
  shipmentDispatched,
  shipmentDelivered,
  shipmentDelayed,
  surveyAnswered,
];

/** Case, blanks and punctuation do not tell names apart: `order_completed` is `Order Completed`. */
const keyOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

const byName: ReadonlyMap<string, SignalDefinition> = new Map([
  ...signals.map((signal) => [keyOf(signal.name), signal] as const),
  // As written in the catalogue: the common case needs no rewriting.
  ...signals.map((signal) => [signal.name, signal] as const),
]);

/** The definition of a signal by the name a client sent, or undefined for one that is not in the catalogue. */
export const signalNamed = (name: string): SignalDefinition | undefined =>
  byName.get(name) ?? byName.get(keyOf(name));
