import { notFound } from 'next/navigation';
import { findProduct, format } from '../../../lib/souk';
import { addToCart } from '../../actions';

export default async function ProductPage({ params }: { params: Promise<{ handle: string }> }) {
  const product = await findProduct((await params).handle);
  if (!product) notFound();
  const { title, description, variants } = product;
  return (
    <main>
      <h1>{title}</h1>
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: Souk cleans descriptions when they are saved. */}
      <div dangerouslySetInnerHTML={{ __html: description }} />
      <form action={addToCart}>
        <select name="variantId" aria-label="Variant">
          {variants.map(({ id, options, price, isAvailable }) => (
            <option key={id} value={id} disabled={!isAvailable || !price}>
              {Object.values(options).join(' / ') || title} {price ? format(price) : ''}{' '}
              {isAvailable ? '' : '(sold out)'}
            </option>
          ))}
        </select>
        <input name="quantity" type="number" min="1" defaultValue="1" aria-label="Quantity" />
        <button type="submit">Add to cart</button>
      </form>
    </main>
  );
}
