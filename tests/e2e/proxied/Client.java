// java.net.http with -Dhttps.proxyHost, -Dhttps.proxyPort and a trust store.
import java.io.PrintStream;
import java.net.Authenticator;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Pattern;

class Client {
    static final String WECHAT = "https://api.weixin.qq.com/cgi-bin";

    public static void main(String[] none) throws Exception {
        String[] who = URI.create(System.getenv("HTTPS_PROXY")).getUserInfo().split(":", 2);
        HttpClient http = HttpClient.newBuilder()
            .proxy(ProxySelector.getDefault())
            .authenticator(new Authenticator() {
                @Override
                protected PasswordAuthentication getPasswordAuthentication() {
                    return new PasswordAuthentication(who[0], who[1].toCharArray());
                }
            })
            .build();
        String query = "grant_type=client_credential&secret=made-up&appid=" + System.getenv("APP_ID");
        HttpRequest asked = HttpRequest.newBuilder(URI.create(WECHAT + "/token?" + query)).build();
        String answer = http.send(asked, BodyHandlers.ofString()).body();
        var found = Pattern.compile("\"access_token\": *\"([^\"]+)\"").matcher(answer);
        if (!found.find()) {
            throw new IllegalStateException(answer);
        }
        HttpRequest draft = HttpRequest
            .newBuilder(URI.create(WECHAT + "/draft/add?access_token=" + found.group(1)))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(System.getenv("DRAFT")))
            .build();
        new PrintStream(System.out, true, "UTF-8").println(http.send(draft, BodyHandlers.ofString()).body());
    }
}
