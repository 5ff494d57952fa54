import { randomUUID } from 'node:crypto';
import { cartAccess } from '../../lib/session';
import { findCart, format, listParcels } from '../../lib/souk';
import { addCode, chooseShipping, placeOrder, saveDetails, setQuantity } from '../actions';

const FIELDS = ['email', 'firstName', 'lastName', 'line1', 'city', 'country'] as const;

export default async function CartPage({ searchParams }: { searchParams: Promise<{ said?: string }> }) {
  const access = await cartAccess();
  const cart = access && (await findCart(access));
  if (!access || !cart || cart.lines.length === 0) return <p>Your cart is empty.</p>;
  const parcels = await listParcels(access);
  const { said } = await searchParams;
  const { totals, requirements, warnings } = cart;
  return (
    <main>
      {[said, ...warnings.map(({ message }) => message)].map((line) => line && <p key={line}>{line}</p>)}
      {cart.lines.map(({ id, title, variantTitle, quantity, total }) => (
        <form key={id} action={setQuantity}>
          <input type="hidden" name="lineId" value={id} />
          {title} {variantTitle}{' '}
          <input name="quantity" type="number" min="0" defaultValue={quantity} aria-label="Quantity" /> {format(total)}{' '}
          <button type="submit">Change</button>
        </form>
      ))}
      <form action={addCode}>
        <input name="code" placeholder="Discount code" aria-label="Discount code" /> <button type="submit">Use</button>{' '}
        {cart.discountCodes.join(', ')}
      </form>
      <form action={saveDetails}>
        {FIELDS.map((name) => (
          <input key={name} name={name} placeholder={name} aria-label={name} required={name !== 'firstName'} />
        ))}
        <button type="submit">Deliver there</button>
      </form>
      {parcels.map(({ profileId, options }) => (
        <form key={profileId} action={chooseShipping}>
          {options.map(({ id, name, amount, isChosen, obstacle }) => (
            <label key={id}>
              <input
                type="radio"
                name="shippingOptionId"
                value={id}
                defaultChecked={isChosen}
                disabled={obstacle !== null}
              />
              {name} {amount ? format(amount) : ''}
            </label>
          ))}
          <button type="submit">Choose</button>
        </form>
      ))}
      <p>
        Goods {format(totals.subtotal)}, discount {format(totals.discount)}, delivery {format(totals.shipping)}
      </p>
      <h2>{format(totals.total)}</h2>
      {requirements.map(({ code, message }) => (
        <p key={code + message}>{message}</p>
      ))}
      <form action={placeOrder}>
        <input type="hidden" name="amount" value={totals.total.amount} />
        <input type="hidden" name="currency" value={totals.total.currency} />
        <input type="hidden" name="key" value={randomUUID()} />
        <button type="submit" disabled={requirements.length > 0}>
          Order and pay
        </button>
      </form>
    </main>
  );
}
