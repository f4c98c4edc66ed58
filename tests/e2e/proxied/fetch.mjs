// Node's fetch by itself, with NODE_USE_ENV_PROXY=1.
const WECHAT = 'https://api.weixin.qq.com/cgi-bin'
const query = `grant_type=client_credential&appid=${process.env.APP_ID}&secret=made-up`
const { access_token: token } = await (await fetch(`${WECHAT}/token?${query}`)).json()
const options = { method: 'POST', body: process.env.DRAFT }
console.log(await (await fetch(`${WECHAT}/draft/add?access_token=${token}`, options)).text())
