// Calls wxgate with a signed request: Java 17, no libraries.
//   WXGATE_URL=http://127.0.0.1:8080 WXGATE_KEY=wxg_blog_… java Sign.java

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Sign {
    /** The headers of a signed request; the URL is percent-encoded, as it will be sent. */
    static Map<String, String> signed(String method, URI url, byte[] body, String key)
            throws GeneralSecurityException {
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put("@method", method);
        lines.put("@path", url.getRawPath().isEmpty() ? "/" : url.getRawPath());
        lines.put("@query", "?" + (url.getRawQuery() == null ? "" : url.getRawQuery()));
        byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(body);
        lines.put("content-digest", "sha-256=:" + Base64.getEncoder().encodeToString(sha256) + ":");

        byte[] nonce = new byte[16];
        new SecureRandom().nextBytes(nonce);
        String covered = lines.keySet().stream()
                .map(name -> "\"" + name + "\"").collect(Collectors.joining(" ", "(", ")"));
        String params = covered + ";created=" + Instant.now().getEpochSecond()
                + ";nonce=\"" + HexFormat.of().formatHex(nonce) + "\""
                + ";keyid=\"" + key.split("_")[1] + "\";alg=\"hmac-sha256\"";
        lines.put("@signature-params", params);
        String base = lines.entrySet().stream()
                .map(line -> "\"" + line.getKey() + "\": " + line.getValue())
                .collect(Collectors.joining("\n"));

        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
        byte[] signature = mac.doFinal(base.getBytes(StandardCharsets.US_ASCII));
        return Map.of(
                "Content-Digest", lines.get("content-digest"),
                "Signature-Input", "sig1=" + params,
                "Signature", "sig1=:" + Base64.getEncoder().encodeToString(signature) + ":");
    }

    public static void main(String[] arguments) throws Exception {
        String server = System.getenv("WXGATE_URL").replaceAll("/$", "");
        URI url = URI.create(server + "/v1/render?from=java");
        byte[] body = "{\"markdown\": \"你好，**签名**\"}".getBytes(StandardCharsets.UTF_8);
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .version(HttpClient.Version.HTTP_1_1)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        signed("POST", url, body, System.getenv("WXGATE_KEY")).forEach(request::header);
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.body());
    }
}
