import Link from 'next/link';
import { format, listProducts } from '../lib/souk';

export default async function Home({ searchParams }: { searchParams: Promise<{ q?: string; after?: string }> }) {
  const { q, after } = await searchParams;
  const { data, page } = await listProducts({ q, after });
  return (
    <main>
      <form>
        <input name="q" defaultValue={q} placeholder="Search" aria-label="Search" />
      </form>
      <ul>
        {data.map(({ handle, title, price, isAvailable }) => (
          <li key={handle}>
            <Link href={`/products/${handle}`}>{title}</Link> {format(price)} {isAvailable ? '' : '(sold out)'}
          </li>
        ))}
      </ul>
      {data.length === 0 && <p>Nothing found.</p>}
      {page.next && <Link href={{ query: { ...(q && { q }), after: page.next } }}>More</Link>}
    </main>
  );
}
