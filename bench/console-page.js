// Stands for an open page of the console: receives its stream in a process of its own, and does nothing with it.
const [url = '', token = ''] = process.argv.slice(2);
const response = await fetch(`${url}/stream`, { headers: { authorization: `Bearer ${token}` } });
process.send?.('open');
for await (const chunk of response.body ?? []) void chunk;
